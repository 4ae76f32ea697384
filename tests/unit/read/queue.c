// SPDX-License-Identifier: Apache-2.0
/* The queue between the collector and a sink: order, bounds, sleeping and waking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>

#include "base/clock.h"
#include "runner/read/collect/queue.h"
#include "tests/support/read_fixture.h"

static struct map_plan maps[] = {
	{ .index = 0, .name = "events", .has_value = true, .value = { .size_bytes = 20 } },
	{ .index = 1,
	  .name = "table",
	  .has_key = true,
	  .has_value = true,
	  .key_bytes = 5,
	  .value_bytes = 300,
	  .key = { .size_bytes = 5 },
	  .value = { .size_bytes = 300 } },
};
static const struct plan plan = { .maps = maps, .nmaps = ARRAY_LEN(maps) };

static struct record make(uint32_t map, const void *key, const void *value, uint32_t value_bytes,
			  uint64_t time_ns)
{
	return (struct record){ .map = &maps[map],
				.part = { key, value },
				.value_bytes = value_bytes,
				.time_ns = time_ns };
}

static bool is_readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

static void test_queue_keeps_records_whole(void **state)
{
	struct queue *q = queue_new(&plan, 1);
	uint8_t value[300];
	struct record in, out;

	/* Many times round the ring, records of two sizes, so that every place is an end once. */
	for (uint32_t i = 0; i < 5000; i++) {
		uint32_t len = i % 3 ? 20 : 300;

		memset(value, (int)i, sizeof(value));
		in = make(i % 3 ? 0 : 1, i % 3 ? NULL : "12345", value, len, i);
		assert_true(queue_put(q, &in));
		in.time_ns++;
		assert_true(queue_put(q, &in));
		queue_publish(q);
		for (uint32_t k = 0; k < 2; k++) {
			assert_true(queue_get(q, &out));
			assert_ptr_equal(out.map, in.map);
			assert_int_equal(out.time_ns, i + k);
			assert_int_equal(out.value_bytes, len);
			assert_memory_equal(out.part[PART_VALUE], value, len);
			assert_int_equal((uintptr_t)out.part[PART_VALUE] % 8, 0);
			if (i % 3)
				assert_null(out.part[PART_KEY]);
			else
				assert_memory_equal(out.part[PART_KEY], "12345", 5);
		}
		assert_false(queue_get(q, &out));
	}
	queue_free(q);
}

/* Puts until it is full; how many that were. */
static uint32_t fill(struct queue *q, uint64_t first)
{
	uint8_t value[20] = { 0 };
	uint32_t n = 0;

	for (;; n++) {
		struct record record = make(0, NULL, value, sizeof(value), first + n);

		if (!queue_put(q, &record))
			return n;
	}
}

/* Puts and gets by chance, of any length: whatever is read is what was written, in order. */
static void test_queue_like_a_model(void **state)
{
	struct queue *q = queue_new(&plan, 1);
	uint64_t random = 88172645463325252ull, put = 0, got = 0;
	uint8_t value[300], want[300];
	struct record in, out;

	while (got < 200000) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		for (uint32_t i = 0; i < random % 16; i++) {
			uint32_t len = (uint32_t)(put * 37 % 300) + 1;

			memset(value, (int)put, len);
			in = make(0, NULL, value, len, put);
			if (!queue_put(q, &in))
				break;
			put++;
		}
		queue_publish(q);
		for (uint32_t i = 0; i < random / 16 % 15 && queue_get(q, &out); i++) {
			uint32_t len = (uint32_t)(got * 37 % 300) + 1;

			memset(want, (int)got, len);
			assert_int_equal(out.time_ns, got);
			assert_int_equal(out.value_bytes, len);
			assert_memory_equal(out.part[PART_VALUE], want, len);
			got++;
		}
	}
	queue_free(q);
}

static void test_queue_full_leaves_all_as_it_was(void **state)
{
	struct queue *q = queue_new(&plan, 4096);
	struct record out;
	uint32_t n = fill(q, 0);

	assert_in_range(n, 4096 / 64, 4096 / 32);
	assert_false(queue_has_room(q, 0, 20));
	queue_publish(q);
	for (uint32_t i = 0; i < n; i++) {
		assert_true(queue_get(q, &out));
		assert_int_equal(out.time_ns, i);
	}
	assert_false(queue_get(q, &out));
	assert_true(queue_has_room(q, 0, 20));
	assert_int_equal(fill(q, 0), n);
	queue_free(q);
}

/* The largest records of the plan fit into the smallest queue, wherever it stands. */
static void test_queue_has_room_for_the_largest(void **state)
{
	static uint8_t value[100000];
	struct map_plan big = { .has_value = true, .value = { .size_bytes = sizeof(value) } };
	struct plan big_plan = { .maps = &big, .nmaps = 1 };
	struct queue *q = queue_new(&big_plan, 1);
	struct record in = { .map = &big, .part = { NULL, value }, .value_bytes = sizeof(value) };
	struct record out;

	for (uint32_t i = 0; i < 50; i++) {
		assert_true(queue_has_room(q, 0, sizeof(value)));
		assert_true(queue_put(q, &in));
		queue_publish(q);
		assert_true(queue_get(q, &out));
		assert_false(queue_get(q, &out));
	}
	queue_free(q);
}

static void test_queue_tells_of_room_only_when_asked(void **state)
{
	struct queue *q = queue_new(&plan, 4096);
	int fd = queue_room_fd(q);
	struct record out;
	uint32_t n;

	assert_false(is_readable(fd));
	n = fill(q, 0);
	assert_false(is_readable(fd));
	for (uint32_t i = 0; i < n / 4; i++)
		assert_true(queue_get(q, &out));
	assert_false(is_readable(fd)); /* not for the first record that went */
	for (uint32_t i = 0; i < n / 2; i++)
		assert_true(queue_get(q, &out));
	assert_true(is_readable(fd)); /* but not only when all went */
	while (queue_get(q, &out))
		;
	queue_room_taken(q);
	assert_false(is_readable(fd));
	fill(q, 0);
	while (queue_get(q, &out))
		;
	assert_true(is_readable(fd));
	queue_free(q);
}

static void test_queue_ends(void **state)
{
	struct queue *q = queue_new(&plan, 4096);
	uint8_t value[20] = { 0 };
	struct record record = make(0, NULL, value, sizeof(value), 1), out;

	assert_false(queue_ended(q));
	assert_true(queue_put(q, &record));
	queue_close(q);
	assert_false(queue_ended(q));
	queue_wait(q, -1); /* does not sleep */
	assert_true(queue_get(q, &out));
	assert_false(queue_get(q, &out));
	assert_true(queue_ended(q));
	queue_wait(q, -1);
	queue_free(q);
}

static void test_queue_wait_times_out(void **state)
{
	struct queue *q = queue_new(&plan, 4096);
	uint64_t start = now_mono_ns();

	queue_wait(q, 30);
	assert_in_range(now_mono_ns() - start, 29000000, 5000000000);
	queue_free(q);
}

static void test_queue_abandoned_takes_everything(void **state)
{
	struct queue *q = queue_new(&plan, 4096);
	uint8_t value[20] = { 0 };
	struct record record = make(0, NULL, value, sizeof(value), 1);

	fill(q, 0);
	queue_abandon(q);
	assert_true(is_readable(queue_room_fd(q)));
	assert_true(queue_has_room(q, 0, 20));
	for (uint32_t i = 0; i < 1000; i++)
		assert_true(queue_put(q, &record));
	queue_free(q);
}

#define RECORDS 400000

static void *writer(void *ctx)
{
	struct queue *q = ctx;
	struct pollfd pfd = { .fd = queue_room_fd(q), .events = POLLIN };

	for (uint64_t i = 0; i < RECORDS;) {
		uint64_t value[3] = { i, ~i, i * i };
		struct record record = make(0, NULL, value, 20, i);

		if (queue_put(q, &record)) {
			i++;
			if (i % 64 == 0)
				queue_publish(q);
			continue;
		}
		queue_publish(q);
		/* A missed signal would be a hang. */
		if (poll(&pfd, 1, 10000) != 1)
			return "the writer was not told of room";
		queue_room_taken(q);
	}
	queue_close(q);
	return NULL;
}

static void test_queue_between_threads(void **state)
{
	struct queue *q = queue_new(&plan, 8192);
	uint64_t expected = 0;
	pthread_t thread;
	void *failure;

	pthread_create(&thread, NULL, writer, q);
	while (!queue_ended(q)) {
		uint64_t start = now_mono_ns();
		struct record out;

		queue_wait(q, 10000);
		assert_in_range(now_mono_ns() - start, 0, 9000000000);
		while (queue_get(q, &out)) {
			uint64_t value[3] = { 0 };

			memcpy(value, out.part[PART_VALUE], 20);
			assert_int_equal(out.time_ns, expected);
			assert_int_equal(value[0], expected);
			assert_int_equal(value[1], ~expected);
			expected++;
		}
	}
	pthread_join(thread, &failure);
	assert_null(failure);
	assert_int_equal(expected, RECORDS);
	queue_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue_keeps_records_whole),
		cmocka_unit_test(test_queue_like_a_model),
		cmocka_unit_test(test_queue_full_leaves_all_as_it_was),
		cmocka_unit_test(test_queue_has_room_for_the_largest),
		cmocka_unit_test(test_queue_tells_of_room_only_when_asked),
		cmocka_unit_test(test_queue_ends),
		cmocka_unit_test(test_queue_wait_times_out),
		cmocka_unit_test(test_queue_abandoned_takes_everything),
		cmocka_unit_test(test_queue_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
