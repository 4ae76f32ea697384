// SPDX-License-Identifier: Apache-2.0
/*
 * The collector on real ring and perf buffers. A raw tracepoint program of a few instructions is
 * run by hand (BPF_PROG_TEST_RUN) for each record: nothing is attached. Skipped where programs
 * cannot be loaded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "runner/read/collect/collector.h"
#include "tests/support/read_fixture.h"

#define NS_PER_MS 1000000ull
#define INSN(c, d, s, o, i)                                                                        \
	{                                                                                          \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)                \
	}
#define LOAD_MAP(reg, fd)                                                                          \
	INSN(BPF_LD | BPF_DW | BPF_IMM, reg, BPF_PSEUDO_MAP_FD, 0, fd),                            \
	{                                                                                          \
		0                                                                                  \
	}
#define MOV(reg, from) INSN(BPF_ALU64 | BPF_MOV | BPF_X, reg, from, 0, 0)
#define MOV32_IMM(reg, imm) INSN(BPF_ALU | BPF_MOV | BPF_K, reg, 0, 0, imm)
#define ADD_IMM(reg, imm) INSN(BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, imm)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* Stands in for the loaded object. */
struct object {
	struct plan plan;
	struct map_plan map;
	int map_fd, prog_fd;
};

const struct plan *object_plan(const struct object *object)
{
	return &object->plan;
}

int object_map_fd(const struct object *object, const struct map_plan *map)
{
	return object->map_fd;
}

struct prog_status object_prog_status(const struct object *object, const struct prog_plan *prog)
{
	return (struct prog_status){ .state = PROG_ATTACHED };
}

int object_walk(const struct object *object, const struct prog_plan *prog, struct err *err)
{
	return 0;
}

int object_iter_fd(const struct object *object, const struct prog_plan *prog, struct err *err)
{
	return err_set(err, ENOENT, "no iterators here");
}

static struct field number = SCALAR("number", uint64_t, KIND_UINT);

static int load_program(bool perf, int map_fd)
{
	/* The record is the first 8 bytes of the tracepoint's arguments. */
	struct bpf_insn insns[] = {
		MOV(BPF_REG_6, BPF_REG_1),
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_2, BPF_REG_1, 0, 0),
		INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_2, -8, 0),
		MOV(BPF_REG_4, BPF_REG_10),
		ADD_IMM(BPF_REG_4, -8),
		MOV(BPF_REG_1, BPF_REG_6),
		LOAD_MAP(BPF_REG_2, map_fd),
		MOV32_IMM(BPF_REG_3, -1), /* BPF_F_CURRENT_CPU */
		MOV32_IMM(BPF_REG_5, 8),
		CALL(BPF_FUNC_perf_event_output),
		MOV32_IMM(BPF_REG_0, 0),
		EXIT(),
	};
	struct bpf_insn ring_insns[] = {
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_2, BPF_REG_1, 0, 0),
		INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_2, -8, 0),
		MOV(BPF_REG_2, BPF_REG_10),
		ADD_IMM(BPF_REG_2, -8),
		LOAD_MAP(BPF_REG_1, map_fd),
		MOV32_IMM(BPF_REG_3, 8),
		MOV32_IMM(BPF_REG_4, 0),
		CALL(BPF_FUNC_ringbuf_output),
		MOV32_IMM(BPF_REG_0, 0),
		EXIT(),
	};

	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "emit", "GPL", perf ? insns : ring_insns,
			     perf ? ARRAY_LEN(insns) : ARRAY_LEN(ring_insns), NULL);
}

struct fixture {
	struct object object;
	struct collector *collector;
	struct loop *loop;
	struct queue *queue;
};

static struct fixture *fixture_open(uint8_t source, uint8_t role, uint32_t max_entries)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	bool perf = source == SOURCE_PERF;
	struct metric_plan *metrics[1] = { NULL };
	struct err err = { 0 };

	f->object.map = (struct map_plan){
		.name = "events",
		.symbol = "events",
		.role = role,
		.source = source,
		.has_value = true,
		.lost_map = -1,
		.unread_map = -1,
		.value = { .fields = &number, .nfields = 1, .size_bytes = 8, .is_scalar = true },
	};
	f->object.plan = (struct plan){ .maps = &f->object.map, .nmaps = 1 };
	f->object.map_fd =
		bpf_map_create(perf ? BPF_MAP_TYPE_PERF_EVENT_ARRAY : BPF_MAP_TYPE_RINGBUF,
			       "events", perf ? 4 : 0, perf ? 4 : 0, max_entries, NULL);
	f->object.prog_fd = load_program(perf, f->object.map_fd);
	if (f->object.prog_fd < 0) {
		print_message("programs cannot be loaded here: %s\n", strerror(errno));
		skip();
	}
	if (role == ROLE_COUNTER) {
		metrics[0] = xcalloc(1, sizeof(*metrics[0]));
		assert_int_equal(metric_compile(metrics[0], &f->object.map, NULL, &err), 0);
	}
	assert_int_equal(collector_new(&f->collector, &f->object,
				       &(struct collector_opts){ .perf_pages = 1 }, NULL, metrics,
				       &err),
			 0);
	if (role == ROLE_EVENTS) {
		f->queue = queue_new(&f->object.plan, 1);
		collector_add_queue(f->collector, f->queue);
	}
	assert_int_equal(loop_new(&f->loop, &err), 0);
	return f;
}

static void fixture_start(struct fixture *f)
{
	struct err err = { 0 };

	if (collector_start(f->collector, f->loop, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct fixture *fixture_new(uint8_t source, uint8_t role, uint32_t max_entries)
{
	struct fixture *f = fixture_open(source, role, max_entries);

	fixture_start(f);
	return f;
}

static void fixture_free(struct fixture *f)
{
	collector_free(f->collector);
	loop_free(f->loop);
	queue_free(f->queue);
	close(f->object.prog_fd);
	close(f->object.map_fd);
	free(f);
}

static void emit(const struct fixture *f, uint64_t value)
{
	uint64_t args[] = { value };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	assert_int_equal(bpf_prog_test_run_opts(f->object.prog_fd, &opts), 0);
}

static int on_end(void *ctx, uint32_t events)
{
	return 1;
}

static void run_loop(struct fixture *f, uint64_t ms)
{
	assert_int_equal(loop_add_timer(f->loop, ms * 1000000, 0, on_end, NULL, NULL, NULL), 0);
	assert_int_equal(loop_run(f->loop), 0);
}

static struct map_stats stats_of(const struct fixture *f)
{
	return collector_stats(f->collector, &f->object.map);
}

/* A record that its writer never finishes: the consumer's position is set to where the bytes of one
 * look like the header of another. */
static void test_collector_leaves_the_cpu_to_a_writer(void **state)
{
	struct fixture *f = fixture_open(SOURCE_RING, ROLE_EVENTS, 4096);
	struct timespec before, after;
	unsigned long *consumer;
	int64_t used_ns;

	emit(f, BPF_RINGBUF_BUSY_BIT | 8u);
	consumer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f->object.map_fd, 0);
	assert_true(consumer != MAP_FAILED);
	*consumer = BPF_RINGBUF_HDR_SZ;
	munmap(consumer, 4096);
	fixture_start(f);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	run_loop(f, 200);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	used_ns = (after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec;
	assert_in_range(used_ns, 0, 40 * NS_PER_MS);
	assert_int_equal(stats_of(f).read, 0);
	fixture_free(f);
}

/* Emits, lets the loop see it, emits more and drains: all is in the series. */
static void count_through(struct fixture *f)
{
	struct series *series = collector_series(f->collector, &f->object.map);
	struct series_rows rows;
	uint64_t cursor = 0;

	for (uint64_t i = 0; i < 100; i++)
		emit(f, i % 4);
	run_loop(f, 50);
	assert_int_equal(stats_of(f).read, 100);
	for (uint64_t i = 0; i < 60; i++)
		emit(f, i % 4);
	collector_drain(f->collector, NULL);
	assert_int_equal(stats_of(f).read, 160);
	assert_int_equal(stats_of(f).malformed, 0);
	collector_lock(f->collector);
	series_rows_init(&rows, series_plan(series), 10);
	assert_true(series_read(series, &cursor, 0, false, &rows));
	assert_int_equal(rows.count, 4);
	for (uint32_t i = 0; i < rows.count; i++)
		assert_int_equal(rows.cells[i].u, 40);
	series_rows_release(&rows);
	collector_unlock(f->collector);
}

static void test_collector_counts_ring_records(void **state)
{
	struct fixture *f = fixture_new(SOURCE_RING, ROLE_COUNTER, 1 << 16);

	count_through(f);
	assert_false(stats_of(f).lost_known);
	fixture_free(f);
}

static void test_collector_counts_perf_records(void **state)
{
	struct fixture *f = fixture_new(SOURCE_PERF, ROLE_COUNTER, 1024);

	count_through(f);
	assert_true(stats_of(f).lost_known);
	assert_int_equal(stats_of(f).lost, 0);
	fixture_free(f);
}

/* A page has room for some; the kernel counts the others, also when no record comes after them. */
static void test_collector_perf_loss_is_exact(void **state)
{
	struct fixture *f = fixture_new(SOURCE_PERF, ROLE_COUNTER, 1024);

	for (uint32_t made = 1; made <= 3000; made++)
		emit(f, 1);
	collector_drain(f->collector, NULL);
	if (!stats_of(f).lost_known) {
		fixture_free(f);
		print_message("this kernel has no PERF_FORMAT_LOST\n");
		skip();
	}
	assert_int_equal(stats_of(f).read + stats_of(f).lost, 3000);
	assert_in_range(stats_of(f).lost, 1000, 2999);
	/* The other event of each CPU counts apart. */
	for (uint32_t made = 3001; made <= 4000; made++) {
		emit(f, 1);
		if (made % 20 == 0)
			run_loop(f, 1);
	}
	collector_drain(f->collector, NULL);
	assert_int_equal(stats_of(f).read + stats_of(f).lost, 4000);
	fixture_free(f);
}

static void *steady_emitter(void *ctx)
{
	for (uint64_t i = 0; i < 3000; i++) {
		emit(ctx, i % 4);
		usleep(100);
	}
	return NULL;
}

/*
 * Records that come fast wake the reader in batches, none is late for long, and one that comes
 * alone afterwards wakes it at once.
 */
static void test_collector_reads_perf_records_in_batches(void **state)
{
	struct fixture *f = fixture_new(SOURCE_PERF, ROLE_COUNTER, 1024);
	pthread_t emitter;
	uint64_t read;

	for (uint64_t i = 0; i < 50; i++) {
		emit(f, 1);
		run_loop(f, 1);
	}
	run_loop(f, 30);
	assert_int_equal(stats_of(f).read, 50);
	pthread_create(&emitter, NULL, steady_emitter, f);
	run_loop(f, 200);
	read = stats_of(f).read;
	assert_in_range(read, 60, 3050);
	pthread_join(emitter, NULL);
	run_loop(f, 300);
	collector_drain(f->collector, NULL);
	read = stats_of(f).read;
	if (stats_of(f).lost_known)
		assert_int_equal(read + stats_of(f).lost, 3050);
	for (uint64_t i = 1; i <= 3; i++) {
		emit(f, 1);
		run_loop(f, 50);
		assert_int_equal(stats_of(f).read, read + i);
	}
	fixture_free(f);
}

struct slow_sink {
	struct queue *queue;
	uint64_t seen;
	bool wrong;
};

static void *slow_sink_main(void *ctx)
{
	struct slow_sink *sink = ctx;
	struct record record;

	while (!queue_ended(sink->queue)) {
		queue_wait(sink->queue, 1000);
		while (queue_get(sink->queue, &record)) {
			sink->wrong |= *(const uint64_t *)record.part[PART_VALUE] != sink->seen++;
			if (sink->seen % 50 == 0)
				usleep(1000);
		}
	}
	return NULL;
}

/* More than its queue holds, less than the ring does: a slow sink gets all, in order. */
static void test_collector_waits_for_a_slow_sink(void **state)
{
	struct fixture *f = fixture_new(SOURCE_RING, ROLE_EVENTS, 1 << 16);
	struct slow_sink sink = { .queue = f->queue };
	pthread_t thread;

	pthread_create(&thread, NULL, slow_sink_main, &sink);
	for (uint64_t i = 0; i < 2000; i++)
		emit(f, i);
	run_loop(f, 20);
	for (uint64_t i = 2000; i < 4000; i++)
		emit(f, i);
	collector_drain(f->collector, NULL);
	queue_close(f->queue);
	pthread_join(thread, NULL);
	assert_false(sink.wrong);
	assert_int_equal(sink.seen, 4000);
	assert_int_equal(stats_of(f).read, 4000);
	assert_int_equal(stats_of(f).dropped, 0);
	fixture_free(f);
}

/* One that stands still does not keep the end away: what it does not take is counted. */
static void test_collector_does_not_wait_for_ever(void **state)
{
	struct fixture *f = fixture_new(SOURCE_RING, ROLE_EVENTS, 1 << 16);
	struct record record;
	uint64_t got = 0;

	for (uint64_t i = 0; i < 2000; i++)
		emit(f, i);
	run_loop(f, 20);
	assert_in_range(stats_of(f).read, 1, 1999); /* the rest stays where it is */
	assert_int_equal(stats_of(f).dropped, 0);
	collector_drain(f->collector, NULL);
	while (queue_get(f->queue, &record))
		got++;
	assert_int_equal(stats_of(f).read, 2000);
	assert_int_equal(stats_of(f).dropped, 2000 - got);
	fixture_free(f);
}

static void *reader_main(void *ctx)
{
	struct fixture *f = ctx;
	struct series *series = collector_series(f->collector, &f->object.map);
	struct series_rows rows;
	uint64_t last = 0;

	series_rows_init(&rows, series_plan(series), 10);
	for (int i = 0; i < 1000; i++) {
		uint64_t cursor = 0, sum = 0;

		collector_lock(f->collector);
		while (series_read(series, &cursor, 0, false, &rows))
			for (uint32_t k = 0; k < rows.count; k++)
				sum += rows.cells[k].u;
		collector_unlock(f->collector);
		assert_in_range(sum, last, 20000);
		last = sum;
	}
	series_rows_release(&rows);
	return NULL;
}

static void *emitter_main(void *ctx)
{
	for (uint64_t i = 0; i < 20000; i++)
		emit(ctx, i % 4);
	return NULL;
}

/* Who wants the lock gets it while records come, and nothing is lost meanwhile. */
static void test_collector_lets_others_have_the_lock(void **state)
{
	struct fixture *f = fixture_new(SOURCE_RING, ROLE_COUNTER, 1 << 20);
	pthread_t reader, emitter;

	pthread_create(&emitter, NULL, emitter_main, f);
	pthread_create(&reader, NULL, reader_main, f);
	run_loop(f, 300);
	pthread_join(emitter, NULL);
	pthread_join(reader, NULL);
	collector_drain(f->collector, NULL);
	assert_int_equal(stats_of(f).read, 20000);
	fixture_free(f);
}

/* An array as a counter by index, of 8 bytes each. */
static struct fixture *array_new(uint32_t entries, uint64_t interval_ns)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct metric_plan *metrics[1] = { xcalloc(1, sizeof(*metrics[0])) };
	static struct field index = SCALAR("index", uint32_t, KIND_UINT);
	struct err err = { 0 };

	f->object.map = (struct map_plan){
		.name = "counts",
		.symbol = "counts",
		.role = ROLE_COUNTER,
		.source = SOURCE_ARRAY,
		.type = BPF_MAP_TYPE_ARRAY,
		.has_key = true,
		.has_value = true,
		.lost_map = -1,
		.unread_map = -1,
		.key_bytes = 4,
		.value_bytes = 8,
		.max_entries = entries,
		.key = { .fields = &index, .nfields = 1, .size_bytes = 4, .is_scalar = true },
		.value = { .fields = &number, .nfields = 1, .size_bytes = 8, .is_scalar = true },
	};
	f->object.plan = (struct plan){ .maps = &f->object.map, .nmaps = 1 };
	f->object.map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "counts", 4, 8, entries, NULL);
	f->object.prog_fd = -1;
	if (f->object.map_fd < 0) {
		print_message("maps cannot be made here: %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(metric_compile(metrics[0], &f->object.map, NULL, &err), 0);
	assert_int_equal(collector_new(&f->collector, &f->object,
				       &(struct collector_opts){ .interval_ns = interval_ns }, NULL,
				       metrics, &err),
			 0);
	assert_int_equal(loop_new(&f->loop, &err), 0);
	if (collector_start(f->collector, f->loop, &err) < 0)
		fail_msg("%s", err.msg);
	return f;
}

static void set_count(const struct fixture *f, uint32_t key, uint64_t value)
{
	assert_int_equal(bpf_map_update_elem(f->object.map_fd, &key, &value, BPF_ANY), 0);
}

/* The sum of all values; *ret_live: how many there are. */
static uint64_t sum_counts(const struct fixture *f, uint32_t *ret_live)
{
	struct series *series = collector_series(f->collector, &f->object.map);
	struct series_rows rows;
	uint64_t cursor = 0, sum = 0;

	*ret_live = 0;
	series_rows_init(&rows, series_plan(series), 100);
	collector_lock(f->collector);
	while (series_read(series, &cursor, 0, false, &rows)) {
		for (uint32_t i = 0; i < rows.count; i++)
			sum += rows.cells[i].u;
		*ret_live += rows.count;
	}
	collector_unlock(f->collector);
	series_rows_release(&rows);
	return sum;
}

static bool stop_now(void)
{
	return true;
}

#define HUGE_ENTRIES 8000000

/* A sweep that takes longer than anyone wants to wait keeps neither the loop's timers nor the end
 * waiting, and what was not read is marked. */
static void test_collector_does_not_wait_for_a_huge_map(void **state)
{
	struct fixture *f = array_new(HUGE_ENTRIES, NS_PER_MS);
	uint64_t start = now_mono_ns();
	struct map_stats stats;

	set_count(f, HUGE_ENTRIES - 1, 7);
	run_loop(f, 50);
	assert_in_range(now_mono_ns() - start, 50 * NS_PER_MS, 400 * NS_PER_MS);
	/* It ran for longer already than it has now: it is not begun once more. */
	start = now_mono_ns();
	collector_drain(f->collector,
			&(struct drain_limits){ .deadline_ns = start + 10 * NS_PER_MS });
	assert_in_range(now_mono_ns() - start, 0, 300 * NS_PER_MS);
	stats = stats_of(f);
	assert_true(stats.cut);
	assert_int_equal(stats.whole_ns, 0);
	assert_in_range(stats.entries, 1, HUGE_ENTRIES - 1);
	start = now_mono_ns();
	collector_drain(f->collector,
			&(struct drain_limits){ .deadline_ns = start + 150 * NS_PER_MS });
	assert_in_range(now_mono_ns() - start, 150 * NS_PER_MS, 500 * NS_PER_MS);
	assert_true(stats_of(f).cut);
	start = now_mono_ns();
	collector_drain(f->collector, &(struct drain_limits){ .stop = stop_now });
	assert_in_range(now_mono_ns() - start, 0, 300 * NS_PER_MS);
	assert_true(stats_of(f).cut);
	/* And whole, where there is all the time of the world. */
	collector_drain(f->collector, NULL);
	stats = stats_of(f);
	assert_false(stats.cut);
	assert_int_not_equal(stats.whole_ns, 0);
	assert_int_equal(stats.entries, HUGE_ENTRIES);
	fixture_free(f);
}

struct asker {
	struct fixture *f;
	uint32_t rounds, wrong;
};

/* Each question comes right after a change. */
static void *asker_main(void *ctx)
{
	struct asker *asker = ctx;

	for (uint64_t i = 1; i <= asker->rounds; i++) {
		uint32_t live;

		set_count(asker->f, 3, i);
		if (!collector_refresh(asker->f->collector, 5000 * NS_PER_MS) ||
		    sum_counts(asker->f, &live) != i)
			asker->wrong++;
	}
	return NULL;
}

static void *other_asker_main(void *ctx)
{
	struct asker *asker = ctx;

	for (uint32_t i = 0; i < asker->rounds; i++)
		asker->wrong += !collector_refresh(asker->f->collector, 5000 * NS_PER_MS);
	return NULL;
}

/* On demand, a map is swept for those who ask, as it is then, and at no other time. */
static void test_collector_sweeps_on_demand(void **state)
{
	struct fixture *f = array_new(10, 10 * NS_PER_MS);
	struct asker asker = { f, 20, 0 }, other = { f, 20, 0 };
	pthread_t threads[2];
	uint32_t live;

	collector_on_demand(f->collector, true);
	set_count(f, 3, 1000);
	run_loop(f, 100);
	assert_int_equal(stats_of(f).sweeps, 0);
	pthread_create(&threads[0], NULL, asker_main, &asker);
	pthread_create(&threads[1], NULL, other_asker_main, &other);
	run_loop(f, 1000);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	assert_int_equal(asker.wrong + other.wrong, 0);
	assert_in_range(stats_of(f).sweeps, 20, 40);
	/* Nobody answers when the loop does not run: the question has an end. */
	assert_false(collector_refresh(f->collector, 20 * NS_PER_MS));
	set_count(f, 3, 2000);
	collector_drain(f->collector, NULL);
	assert_int_equal(sum_counts(f, &live), 2000);
	assert_int_equal(live, 1);
	fixture_free(f);
}

static void test_collector_refuses_layouts_too_large(void **state)
{
	struct object o = { .map_fd = -1 };
	struct collector *collector = NULL;
	struct metric_plan *metrics[1];
	struct err err = { 0 };

	o.map = (struct map_plan){
		.name = "m",
		.symbol = "m",
		.role = ROLE_GAUGE,
		.source = SOURCE_HASH,
		.has_key = true,
		.has_value = true,
		.lost_map = -1,
		.unread_map = -1,
		.key_bytes = 8,
		.value_bytes = 4,
		.key = { .fields = &number, .nfields = 1, .size_bytes = 8, .is_scalar = true },
		.value = { .fields = &number, .nfields = 1, .size_bytes = 8, .is_scalar = true },
	};
	o.plan = (struct plan){ .maps = &o.map, .nmaps = 1 };
	assert_int_equal(collector_new(&collector, &o, NULL, NULL, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "values have 4 bytes"));
	/* Nor records of nothing, which a hostile object may have. */
	o.map.source = SOURCE_RING;
	o.map.role = ROLE_COUNTER;
	o.map.has_key = false;
	o.map.value = (struct layout){ .fields = &number };
	metrics[0] = xcalloc(1, sizeof(*metrics[0]));
	assert_int_equal(metric_compile(metrics[0], &o.map, NULL, &err), 0);
	assert_int_equal(collector_new(&collector, &o, NULL, NULL, metrics, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "empty"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collector_leaves_the_cpu_to_a_writer),
		cmocka_unit_test(test_collector_counts_ring_records),
		cmocka_unit_test(test_collector_counts_perf_records),
		cmocka_unit_test(test_collector_perf_loss_is_exact),
		cmocka_unit_test(test_collector_reads_perf_records_in_batches),
		cmocka_unit_test(test_collector_waits_for_a_slow_sink),
		cmocka_unit_test(test_collector_does_not_wait_for_ever),
		cmocka_unit_test(test_collector_lets_others_have_the_lock),
		cmocka_unit_test(test_collector_does_not_wait_for_a_huge_map),
		cmocka_unit_test(test_collector_sweeps_on_demand),
		cmocka_unit_test(test_collector_refuses_layouts_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
