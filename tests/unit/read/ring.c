// SPDX-License-Identifier: Apache-2.0
/*
 * A ring buffer as the kernel lays it out, made here in memory: records that are not yet
 * committed, discarded ones, the end of the ring; and what the collector's reader makes of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/mman.h>

#include "base/err.h"
#include "runner/read/collect/reader.h"
#include "tests/support/read_fixture.h"

#define RING_BYTES 4096u

struct event {
	uint64_t at;
	uint32_t pid;
	char comm[12];
};

static struct field fields[] = {
	FIELD(struct event, at, KIND_UINT, .meaning = MEAN_UNIX_NS),
	FIELD(struct event, pid, KIND_UINT, .meaning = MEAN_PID),
	FIELD(struct event, comm, KIND_TEXT),
};

struct fixture {
	struct map_plan map;
	struct plan plan;
	struct reader_env env;
	struct queue *queues[2];
	struct reader reader;
	unsigned long consumer, producer;
	uint8_t *data; /* twice in a row */
};

static struct fixture *fixture_new(uint8_t role, uint32_t nqueues)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	int fd = memfd_create("ring", 0);

	assert_int_equal(ftruncate(fd, RING_BYTES), 0);
	f->data = mmap(NULL, 2 * RING_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 2; i++)
		assert_ptr_not_equal(mmap(f->data + i * RING_BYTES, RING_BYTES,
					  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0),
				     MAP_FAILED);
	close(fd);
	f->map = (struct map_plan){ .name = "events",
				    .role = role,
				    .source = SOURCE_RING,
				    .has_value = true,
				    .lost_map = -1,
				    .unread_map = -1,
				    .value = LAYOUT(struct event, fields) };
	f->plan = (struct plan){ .maps = &f->map, .nmaps = 1 };
	f->env = (struct reader_env){
		.plan = &f->plan,
		.lock = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER },
		.queues = f->queues,
		.nqueues = nqueues,
		.hold = true,
	};
	for (uint32_t i = 0; i < nqueues; i++)
		f->queues[i] = queue_new(&f->plan, 1);
	f->reader = (struct reader){ .env = &f->env, .map = &f->map, .time = &fields[0] };
	reader_expect(&f->reader);
	f->reader.ring = (struct ring){ .data = f->data,
					.mask = RING_BYTES - 1,
					.reach = 2 * RING_BYTES,
					.step = 64,
					.consumer = &f->consumer,
					.producer = &f->producer };
	if (role == ROLE_COUNTER) {
		f->reader.metric = xcalloc(1, sizeof(*f->reader.metric));
		assert_int_equal(metric_compile(f->reader.metric, &f->map, NULL, NULL), 0);
		f->reader.series = series_new(f->reader.metric, NULL);
		f->reader.group = 8;
		f->reader.key = xcalloc(8, reader_key_stride(f->reader.metric));
	}
	return f;
}

static void fixture_free(struct fixture *f)
{
	if (f->reader.metric)
		metric_release(f->reader.metric);
	free(f->reader.metric);
	series_free(f->reader.series);
	free(f->reader.key);
	free(f->reader.padded);
	for (uint32_t i = 0; i < f->env.nqueues; i++)
		queue_free(f->queues[i]);
	munmap(f->data, 2 * RING_BYTES);
	free(f);
}

/* Writes a record as the kernel does; false when there is no room. Returns its header. */
static uint32_t *produce(struct fixture *f, const void *bytes, uint32_t len, uint32_t bits)
{
	unsigned long end = f->producer + ((len + BPF_RINGBUF_HDR_SZ + 7) & ~7ul);
	uint32_t *header = (uint32_t *)(f->data + (f->producer & (RING_BYTES - 1)));

	if (end - f->consumer > RING_BYTES - 1)
		return NULL;
	header[0] = len | bits;
	memcpy(header + 2, bytes, len);
	f->producer = end;
	return header;
}

static uint32_t *produce_event(struct fixture *f, uint32_t pid, uint32_t bits)
{
	struct event event = { .at = 1000 + pid, .pid = pid };

	memset(event.comm, 'x', sizeof(event.comm));
	snprintf(event.comm, sizeof(event.comm), "p%u", pid % 7);
	return produce(f, &event, sizeof(event), bits);
}

static uint64_t series_sum(const struct series *s, uint32_t *ret_count)
{
	struct series_rows rows;
	uint64_t cursor = 0, sum = 0;

	*ret_count = 0;
	series_rows_init(&rows, series_plan(s), 10);
	while (series_read(s, &cursor, 0, false, &rows)) {
		for (uint32_t i = 0; i < rows.count; i++)
			sum += rows.cells[i].u;
		*ret_count += rows.count;
	}
	series_rows_release(&rows);
	return sum;
}

/* Round the ring many times, in portions that a group of records does not divide. */
static void test_ring_counts_all(void **state)
{
	struct fixture *f = fixture_new(ROLE_COUNTER, 0);
	uint32_t made = 0, count;

	for (uint32_t round = 0; round < 500; round++) {
		for (uint32_t i = 0; i < round % 90; i++)
			made += produce_event(f, made % 14, 0) != NULL;
		reader_run_ring(&f->reader, UINT64_MAX);
		assert_int_equal(f->consumer, f->producer);
		assert_int_equal(tally_get(&f->reader.read), made);
	}
	assert_int_equal(series_sum(f->reader.series, &count), made);
	assert_int_equal(count, 14);
	fixture_free(f);
}

static void test_ring_waits_for_commits(void **state)
{
	struct fixture *f = fixture_new(ROLE_COUNTER, 0);
	uint32_t *busy, count;

	produce_event(f, 1, 0);
	busy = produce_event(f, 2, BPF_RINGBUF_BUSY_BIT);
	produce_event(f, 3, 0);
	assert_int_equal(reader_run_ring(&f->reader, UINT64_MAX), 1);
	assert_int_equal(f->consumer, 32);
	assert_false(ring_empty(&f->reader.ring));
	*busy &= ~BPF_RINGBUF_BUSY_BIT;
	assert_int_equal(reader_run_ring(&f->reader, UINT64_MAX), 2);
	assert_true(ring_empty(&f->reader.ring));
	assert_int_equal(series_sum(f->reader.series, &count), 3);
	fixture_free(f);
}

static void test_ring_skips_what_was_discarded(void **state)
{
	struct fixture *f = fixture_new(ROLE_COUNTER, 0);
	uint32_t count;

	for (uint32_t i = 0; i < 30; i++)
		produce_event(f, i, i % 3 ? BPF_RINGBUF_DISCARD_BIT : 0);
	assert_int_equal(reader_run_ring(&f->reader, UINT64_MAX), 10);
	assert_int_equal(f->consumer, f->producer);
	assert_int_equal(series_sum(f->reader.series, &count), 10);
	fixture_free(f);
}

static void test_ring_counts_records_of_another_type_as_malformed(void **state)
{
	struct fixture *f = fixture_new(ROLE_COUNTER, 0);
	uint32_t count;

	produce_event(f, 1, 0);
	produce(f, "short", 5, 0);
	produce(f, "", 0, 0);
	produce(f, (uint8_t[100]){ 0 }, 100, 0);
	assert_int_equal(reader_run_ring(&f->reader, UINT64_MAX), 4);
	assert_int_equal(tally_get(&f->reader.malformed), 3);
	assert_int_equal(series_sum(f->reader.series, &count), 1);
	fixture_free(f);
}

/* The type ends with an array that a record need not fill: what is missing is zero. */
static void expect_short(struct fixture *f)
{
	f->map.value.min_bytes = offsetof(struct event, comm);
	reader_expect(&f->reader);
}

static void test_ring_fills_up_records_that_end_in_the_last_array(void **state)
{
	struct fixture *f = fixture_new(ROLE_EVENTS, 1);
	struct record record;

	expect_short(f);
	produce(f, &(struct event){ .pid = 1, .comm = "ab" }, 14, 0);
	produce(f, &(struct event){ .pid = 2, .comm = "full" }, sizeof(struct event), 0);
	produce(f, &(struct event){ .pid = 3 }, 12, 0);
	produce(f, &(struct event){ .pid = 4 }, 11, 0); /* a part of pid is missing */
	assert_int_equal(reader_run_ring(&f->reader, UINT64_MAX), 4);
	assert_int_equal(tally_get(&f->reader.malformed), 1);
	for (uint32_t pid = 1; pid <= 3; pid++) {
		const struct event *event;

		assert_true(queue_get(f->queues[0], &record));
		event = record.part[PART_VALUE];
		assert_int_equal(event->pid, pid);
		assert_string_equal(event->comm, pid == 1 ? "ab" : pid == 2 ? "full" : "");
	}
	assert_false(queue_get(f->queues[0], &record));
	fixture_free(f);
}

static void test_ring_counts_short_and_whole_records_together(void **state)
{
	struct fixture *f = fixture_new(ROLE_COUNTER, 0);
	uint32_t count;

	expect_short(f);
	for (uint32_t i = 0; i < 30; i++)
		produce(f, &(struct event){ .at = 5, .pid = i % 3, .comm = "ab" },
			i % 3 ? sizeof(struct event) : 14, 0);
	assert_int_equal(reader_run_ring(&f->reader, UINT64_MAX), 30);
	assert_int_equal(tally_get(&f->reader.malformed), 0);
	assert_int_equal(series_sum(f->reader.series, &count), 30);
	assert_int_equal(count, 3);
	fixture_free(f);
}

/* The only queue is full: the rest stays in the ring, and comes later in order. */
static void test_ring_holds_back_for_the_only_queue(void **state)
{
	struct fixture *f = fixture_new(ROLE_EVENTS, 1);
	uint32_t made = 0, got = 0;
	struct record record;

	while (got < 1000) {
		while (made < 1000 && produce_event(f, made, 0))
			made++;
		reader_run_ring(&f->reader, UINT64_MAX);
		assert_int_equal(tally_get(&f->reader.dropped), 0);
		while (queue_get(f->queues[0], &record)) {
			const struct event *event = record.part[PART_VALUE];

			assert_int_equal(event->pid, got);
			assert_int_equal(record.time_ns, 1000 + got);
			assert_int_equal(record.value_bytes, sizeof(*event));
			got++;
		}
	}
	assert_int_equal(tally_get(&f->reader.read), 1000);
	fixture_free(f);
}

static void test_ring_says_when_it_waits(void **state)
{
	struct fixture *f = fixture_new(ROLE_EVENTS, 1);
	struct record record;
	uint64_t first, rest;

	while (produce_event(f, 1, 0))
		;
	first = reader_run_ring(&f->reader, UINT64_MAX);
	while (produce_event(f, 2, 0))
		;
	first += reader_run_ring(&f->reader, UINT64_MAX);
	assert_true(f->reader.waits);
	assert_int_not_equal(f->consumer, f->producer);
	while (queue_get(f->queues[0], &record))
		first--;
	assert_int_equal(first, 0);
	do {
		rest = reader_run_ring(&f->reader, UINT64_MAX);
		assert_int_not_equal(rest, 0);
		assert_int_equal(f->reader.waits, f->consumer != f->producer);
		while (queue_get(f->queues[0], &record))
			rest--;
		assert_int_equal(rest, 0);
	} while (f->reader.waits);
	fixture_free(f);
}

/* With several, the slow one loses, and that is counted; the ring never waits. */
static void test_ring_drops_for_one_of_two_queues(void **state)
{
	struct fixture *f = fixture_new(ROLE_EVENTS, 2);
	uint32_t made = 0, got = 0, kept = 0;
	struct record record;

	for (uint32_t i = 0; i < 1000; i++) {
		made += produce_event(f, made, 0) != NULL;
		reader_run_ring(&f->reader, UINT64_MAX);
		assert_false(f->reader.waits);
		while (queue_get(f->queues[0], &record))
			got++;
	}
	while (queue_get(f->queues[1], &record))
		kept++;
	assert_int_equal(got, 1000);
	assert_in_range(kept, 10, 999);
	assert_int_equal(tally_get(&f->reader.dropped), 1000 - kept);
	fixture_free(f);
}

static void test_ring_filters(void **state)
{
	struct fixture *f = fixture_new(ROLE_COUNTER, 0);
	struct err err = { 0 };
	uint32_t count;

	assert_int_equal(filter_compile(&f->reader.filter, &f->map, "pid < 5", &err), 0);
	for (uint32_t i = 0; i < 20; i++)
		produce_event(f, i, 0);
	reader_run_ring(&f->reader, UINT64_MAX);
	assert_int_equal(tally_get(&f->reader.read), 20);
	assert_int_equal(tally_get(&f->reader.filtered), 15);
	assert_int_equal(series_sum(f->reader.series, &count), 5);
	filter_free(f->reader.filter);
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_counts_all),
		cmocka_unit_test(test_ring_waits_for_commits),
		cmocka_unit_test(test_ring_skips_what_was_discarded),
		cmocka_unit_test(test_ring_counts_records_of_another_type_as_malformed),
		cmocka_unit_test(test_ring_fills_up_records_that_end_in_the_last_array),
		cmocka_unit_test(test_ring_counts_short_and_whole_records_together),
		cmocka_unit_test(test_ring_holds_back_for_the_only_queue),
		cmocka_unit_test(test_ring_says_when_it_waits),
		cmocka_unit_test(test_ring_drops_for_one_of_two_queues),
		cmocka_unit_test(test_ring_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
