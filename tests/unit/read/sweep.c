// SPDX-License-Identifier: Apache-2.0
/*
 * Real maps of this kernel, filled by hand and swept. Skipped where maps cannot be made. Nothing
 * is loaded or attached.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>

#include "base/err.h"
#include "runner/read/collect/reader.h"
#include "tests/support/read_fixture.h"

/* Stands in for the loaded object: one map, and another that tells its loss. */
struct object {
	struct plan plan;
	struct map_plan maps[2];
	int fds[2];
	struct prog_plan prog;
	struct prog_status status;
	const void *iter_bytes; /* what an iterator writes */
	size_t iter_len;
};

const struct plan *object_plan(const struct object *object)
{
	return &object->plan;
}

int object_map_fd(const struct object *object, const struct map_plan *map)
{
	return object->fds[map->index];
}

struct prog_status object_prog_status(const struct object *object, const struct prog_plan *prog)
{
	return object->status;
}

int object_walk(const struct object *object, const struct prog_plan *prog, struct err *err)
{
	return 0;
}

int object_iter_fd(const struct object *object, const struct prog_plan *prog, struct err *err)
{
	int fd = memfd_create("iterator", 0);

	assert_int_equal(write(fd, object->iter_bytes, object->iter_len), object->iter_len);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

struct value {
	uint64_t n;
	uint32_t m;
	char comm[4];
};

static struct field key_field = SCALAR("key", uint32_t, KIND_UINT);
static struct field u64_field = SCALAR("value", uint64_t, KIND_UINT);
static struct field value_fields[] = {
	FIELD(struct value, n, KIND_UINT),
	FIELD(struct value, m, KIND_UINT),
	FIELD(struct value, comm, KIND_TEXT),
};

struct fixture {
	struct object object;
	struct reader_env env;
	struct reader reader;
	struct queue *queue;
	uint32_t steps; /* of the last sweep */
};

struct map_case {
	uint32_t type, max_entries;
	uint8_t source, role;
	bool structs, per_cpu;
};

static struct fixture *fixture_new(struct map_case c, const struct metric_opts *opts)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct map_plan *map = &f->object.maps[0];
	bool has_key = c.source != SOURCE_QUEUE;

	*map = (struct map_plan){
		.name = "m",
		.symbol = "m",
		.role = c.role,
		.source = c.source,
		.type = c.type,
		.per_cpu = c.per_cpu,
		.has_key = has_key,
		.has_value = true,
		.key_bytes = has_key ? 4 : 0,
		.value_bytes = c.structs ? sizeof(struct value) : 8,
		.max_entries = c.max_entries,
		.lost_map = 1,
		.key = { .fields = &key_field, .nfields = 1, .size_bytes = 4, .is_scalar = true },
		.value = { .fields = &u64_field, .nfields = 1, .size_bytes = 8, .is_scalar = true },
	};
	if (c.structs)
		map->value = (struct layout)LAYOUT(struct value, value_fields);
	f->object.maps[1] = (struct map_plan){ .index = 1, .per_cpu = true, .value_bytes = 8 };
	f->object.plan = (struct plan){ .maps = f->object.maps, .nmaps = 2 };
	f->object.fds[0] =
		bpf_map_create(c.type, "m", map->key_bytes, map->value_bytes, c.max_entries, NULL);
	f->object.fds[1] = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "m_lost", 4, 8, 1, NULL);
	if (f->object.fds[0] < 0) {
		print_message("maps cannot be made here: %s\n", strerror(errno));
		skip();
	}
	f->env = (struct reader_env){
		.object = &f->object,
		.plan = &f->object.plan,
		.lock = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER },
		.hold = true,
		.cpus = (uint32_t)libbpf_num_possible_cpus(),
		.sweep.iter_fd = -1,
	};
	f->reader = (struct reader){ .env = &f->env, .map = map, .fd = f->object.fds[0] };
	if (c.role == ROLE_EVENTS) {
		f->queue = queue_new(&f->object.plan, 1);
		f->env.queues = &f->queue;
		f->env.nqueues = 1;
	} else {
		f->reader.metric = xcalloc(1, sizeof(*f->reader.metric));
		assert_int_equal(metric_compile(f->reader.metric, map, opts, NULL), 0);
		f->reader.series = series_new(f->reader.metric,
					      &(struct series_opts){ .max_series = 1000000 });
		f->reader.key = xcalloc(1, 64);
		f->reader.summed = xcalloc(1, map->value_bytes);
	}
	return f;
}

static void fixture_free(struct fixture *f)
{
	if (f->reader.metric)
		metric_release(f->reader.metric);
	free(f->reader.metric);
	series_free(f->reader.series);
	filter_free(f->reader.filter);
	queue_free(f->queue);
	free(f->reader.key);
	free(f->reader.summed);
	free(f->env.room);
	close(f->object.fds[0]);
	close(f->object.fds[1]);
	free(f);
}

static void set(struct fixture *f, uint32_t key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(f->reader.fd, &key, value, BPF_ANY), 0);
}

/* The cells of a series by its whole key; NULL: there is none. Valid until the next call. */
static const union cell *row_of(struct fixture *f, const void *key, uint32_t *ret_live)
{
	static union cell cells[8];
	const struct metric_plan *plan = f->reader.metric;
	struct series_rows rows;
	uint64_t cursor = 0;
	bool found = false;
	uint32_t live = 0;

	series_rows_init(&rows, plan, 100);
	while (series_read(f->reader.series, &cursor, 0, false, &rows)) {
		for (uint32_t i = 0; i < rows.count; i++) {
			if (rows.flags[i] & SERIES_GONE)
				continue;
			live++;
			if (memcmp(rows.keys + i * plan->key_bytes, key, plan->key_bytes))
				continue;
			memcpy(cells, rows.cells + i * plan->ncells, plan->ncells * sizeof(*cells));
			found = true;
		}
	}
	series_rows_release(&rows);
	if (ret_live)
		*ret_live = live;
	return found ? cells : NULL;
}

static void sweep(struct fixture *f)
{
	uint64_t errors = tally_get(&f->reader.sweep_errors);

	reader_sweep_begin(&f->reader);
	f->steps = 1;
	while (reader_sweep_step(&f->reader))
		f->steps++;
	assert_int_equal(tally_get(&f->reader.sweep_errors), errors);
}

/* In batches and key by key, with as many entries as the map takes, and some deleted. */
static void sweep_hash(bool per_key)
{
	struct fixture *f = fixture_new(
		(struct map_case){ BPF_MAP_TYPE_HASH, 70000, SOURCE_HASH, ROLE_GAUGE }, NULL);
	uint32_t live;

	f->reader.per_key = per_key;
	sweep(f);
	assert_int_equal(tally_get(&f->reader.entries), 0);
	for (uint32_t key = 0; key < 70000; key++)
		set(f, key, &(uint64_t){ key + 1ull });
	sweep(f);
	assert_int_equal(f->reader.per_key, per_key); /* this kernel has batches */
	assert_int_equal(tally_get(&f->reader.entries), 70000);
	assert_int_equal(row_of(f, &(uint32_t){ 69999 }, &live)->u, 70000);
	assert_int_equal(live, 70000);
	assert_in_range(f->steps, 3, 70000);
	for (uint32_t key = 0; key < 69990; key++)
		bpf_map_delete_elem(f->reader.fd, &key);
	sweep(f);
	assert_int_equal(tally_get(&f->reader.entries), 10);
	assert_int_equal(tally_get(&f->reader.read), 70010);
	assert_null(row_of(f, &(uint32_t){ 5 }, &live));
	assert_int_equal(live, 10);
	fixture_free(f);
}

/* A sweep that is ended early changes nothing, in whichever way it reads, and is marked. */
static void test_sweep_that_is_cut(void **state)
{
	for (int per_key = 0; per_key < 2; per_key++) {
		struct fixture *f = fixture_new(
			(struct map_case){ BPF_MAP_TYPE_HASH, 70000, SOURCE_HASH, ROLE_GAUGE },
			NULL);
		uint32_t live;

		f->reader.per_key = per_key;
		set(f, 5, &(uint64_t){ 55 });
		sweep(f);
		assert_false(tally_get(&f->reader.cut));
		assert_int_not_equal(tally_get(&f->reader.whole_ns), 0);
		for (uint32_t key = 0; key < 70000; key++)
			set(f, key, &(uint64_t){ key });
		reader_sweep_begin(&f->reader);
		for (int i = 0; i < 3; i++)
			assert_true(reader_sweep_step(&f->reader));
		reader_sweep_cancel(&f->reader);
		assert_true(tally_get(&f->reader.cut));
		assert_in_range(tally_get(&f->reader.entries), 1, 69999);
		assert_int_equal(row_of(f, &(uint32_t){ 5 }, &live)->u, 55);
		assert_int_equal(live, 1);
		sweep(f);
		assert_false(tally_get(&f->reader.cut));
		assert_int_equal(row_of(f, &(uint32_t){ 5 }, &live)->u, 5);
		assert_int_equal(live, 70000);
		fixture_free(f);
	}
}

static void test_sweep_hash_in_batches(void **state)
{
	sweep_hash(false);
}

static void test_sweep_hash_key_by_key(void **state)
{
	sweep_hash(true);
}

struct churn {
	int fd;
	_Atomic bool stop;
};

/* Deletes and makes keys again, so that who stands at one of them is sent back. */
static void *churn_main(void *ctx)
{
	struct churn *churn = ctx;
	uint64_t one = 1;

	for (uint32_t i = 0; !atomic_load(&churn->stop); i++) {
		uint32_t key = i * 7919 % 3000;

		bpf_map_delete_elem(churn->fd, &key);
		if (i % 2)
			bpf_map_update_elem(churn->fd, &key, &one, BPF_ANY);
	}
	return NULL;
}

static void test_sweep_key_by_key_counts_none_twice(void **state)
{
	struct fixture *f = fixture_new(
		(struct map_case){ BPF_MAP_TYPE_HASH, 3000, SOURCE_HASH, ROLE_GAUGE }, NULL);
	struct churn churn = { .fd = f->reader.fd };
	pthread_t thread;

	f->reader.per_key = true;
	f->reader.warned = true;
	for (uint32_t key = 0; key < 3000; key++)
		set(f, key, &(uint64_t){ 1 });
	pthread_create(&thread, NULL, churn_main, &churn);
	for (int round = 0; round < 60; round++) {
		struct series_rows rows;
		uint64_t cursor = 0;

		reader_sweep(&f->reader);
		series_rows_init(&rows, f->reader.metric, 100);
		while (series_read(f->reader.series, &cursor, 0, false, &rows))
			for (uint32_t i = 0; i < rows.count; i++)
				assert_int_equal(rows.cells[i].u, 1);
		series_rows_release(&rows);
	}
	atomic_store(&churn.stop, true);
	pthread_join(thread, NULL);
	fixture_free(f);
}

/* A batch too small for a bucket grows until it fits. */
static void test_sweep_hash_grows_its_batch(void **state)
{
	struct fixture *f = fixture_new(
		(struct map_case){ BPF_MAP_TYPE_HASH, 5000, SOURCE_HASH, ROLE_GAUGE }, NULL);
	uint32_t live;

	for (uint32_t key = 0; key < 5000; key++)
		set(f, key, &(uint64_t){ 1 });
	f->reader.batch = 1;
	sweep(f);
	assert_in_range(f->reader.batch, 2, 64);
	row_of(f, &(uint32_t){ 0 }, &live);
	assert_int_equal(live, 5000);
	fixture_free(f);
}

static void test_sweep_lru_hash_struct_values(void **state)
{
	struct fixture *f = fixture_new((struct map_case){ BPF_MAP_TYPE_LRU_HASH, 100, SOURCE_HASH,
							   ROLE_COUNTER, .structs = true },
					NULL);
	struct value value = { .n = 7, .m = 8, .comm = "ab" };
	struct {
		uint32_t key;
		char comm[4];
	} key = { 3, "ab" };

	value.comm[3] = 'x'; /* behind the NUL */
	set(f, 3, &value);
	sweep(f);
	assert_int_equal(row_of(f, &key, NULL)[0].u, 7);
	assert_int_equal(row_of(f, &key, NULL)[1].u, 8);
	fixture_free(f);
}

static void set_cpus(struct fixture *f, uint32_t key, uint32_t skip_first)
{
	struct value values[1024] = { 0 };

	for (uint32_t cpu = skip_first; cpu < f->env.cpus; cpu++)
		values[cpu] = (struct value){ .n = cpu + 1, .m = 10, .comm = "abc" };
	set(f, key, values);
}

/* Numbers are added up; the text comes from a CPU that wrote it, not from the first. */
static void test_sweep_per_cpu_adds_up(void **state)
{
	struct fixture *f = fixture_new((struct map_case){ BPF_MAP_TYPE_PERCPU_HASH, 100,
							   SOURCE_HASH, ROLE_COUNTER, true, true },
					NULL);
	struct err err = { 0 };
	uint64_t sum = (uint64_t)f->env.cpus * (f->env.cpus + 1) / 2 - 1, all = f->env.cpus - 1;
	struct {
		uint32_t key;
		char comm[4];
	} key = { 3, "abc" };
	char text[64];

	if (f->env.cpus < 2) {
		print_message("one CPU only\n");
		skip();
	}
	set_cpus(f, 3, 1);
	sweep(f);
	assert_int_equal(row_of(f, &key, NULL)[0].u, sum);
	assert_int_equal(row_of(f, &key, NULL)[1].u, 10 * all);
	/* A filter sees the sum too. */
	snprintf(text, sizeof(text), "m == %llu && comm == \"abc\"",
		 (unsigned long long)(10 * all));
	assert_int_equal(filter_compile(&f->reader.filter, f->reader.map, text, &err), 0);
	sweep(f);
	assert_int_equal(tally_get(&f->reader.filtered), 0);
	filter_free(f->reader.filter);
	assert_int_equal(filter_compile(&f->reader.filter, f->reader.map, "m == 1", &err), 0);
	sweep(f);
	assert_int_equal(tally_get(&f->reader.filtered), 1);
	fixture_free(f);
}

/* Elements of lists and bit fields are numbers as well; a sum that does not fit stays large. */
static void test_sweep_per_cpu_filter_adds_all(void **state)
{
	static const struct field fields[] = {
		{ "l", "l", "l", .off_bits = 0, .size_bits = 8, .count = 3, .kind = KIND_UINT },
		{ "low", "low", "low", .off_bits = 24, .size_bits = 3, .count = 1,
		  .kind = KIND_UINT, .is_bits = true },
		{ "high", "high", "high", .off_bits = 27, .size_bits = 5, .count = 1,
		  .kind = KIND_INT, .is_signed = true, .is_bits = true },
		{ "f", "f", "f", .off_bits = 32, .size_bits = 32, .count = 1, .kind = KIND_FLOAT },
	};
	static const char *const match[] = { "l == 3 && l == 7 && l == 255", "low == 3",
					     "high == -16", "f == 2" };
	/* l: 1, 3, 200; low: 1; high: -9. And 2, 4, 200; 2; -9. */
	uint8_t values[1024][8] = { { 1, 3, 200, 0x1 | 0x17 << 3 },
				    { 2, 4, 200, 0x2 | 0x17 << 3 } };
	struct fixture *f = fixture_new((struct map_case){ BPF_MAP_TYPE_PERCPU_HASH, 100,
							   SOURCE_HASH, ROLE_COUNTER, false, true },
					NULL);

	if (f->env.cpus < 2) {
		print_message("one CPU only\n");
		skip();
	}
	for (int cpu = 0; cpu < 2; cpu++)
		memcpy(&values[cpu][4], &(float){ 1 }, sizeof(float));
	f->object.maps[0].value = (struct layout){ .fields = (struct field *)fields,
						   .nfields = ARRAY_LEN(fields),
						   .size_bytes = 8 };
	set(f, 3, values);
	for (size_t i = 0; i < ARRAY_LEN(match); i++) {
		struct err err = { 0 };

		assert_int_equal(filter_compile(&f->reader.filter, f->reader.map, match[i], &err),
				 0);
		sweep(f);
		filter_free(f->reader.filter);
		f->reader.filter = NULL;
		if (tally_get(&f->reader.filtered))
			fail_msg("%s: it should hold", match[i]);
	}
	fixture_free(f);
}

static void test_sweep_per_cpu_split(void **state)
{
	struct fixture *f =
		fixture_new((struct map_case){ BPF_MAP_TYPE_PERCPU_ARRAY, 4, SOURCE_ARRAY,
					       ROLE_COUNTER, false, true },
			    &(struct metric_opts){ .split_cpu = true });
	uint64_t values[1024] = { 0 };
	uint32_t key[2] = { 2, f->env.cpus - 1 }, live;

	values[f->env.cpus - 1] = 9;
	set(f, 2, values);
	sweep(f);
	assert_int_equal(row_of(f, key, &live)->u, 9);
	assert_int_equal(live, 1);
	fixture_free(f);
}

/* Zeros show up where something else was, and in the only entry. */
static void test_sweep_array_zeros(void **state)
{
	struct fixture *f = fixture_new(
		(struct map_case){ BPF_MAP_TYPE_ARRAY, 1000, SOURCE_ARRAY, ROLE_GAUGE }, NULL);
	uint32_t live;

	set(f, 999, &(uint64_t){ 5 });
	sweep(f);
	assert_int_equal(row_of(f, &(uint32_t){ 999 }, &live)->u, 5);
	assert_int_equal(live, 1);
	assert_int_equal(tally_get(&f->reader.entries), 1000);
	set(f, 999, &(uint64_t){ 0 });
	sweep(f);
	assert_int_equal(row_of(f, &(uint32_t){ 999 }, &live)->u, 0);
	assert_int_equal(live, 1);
	fixture_free(f);
	f = fixture_new((struct map_case){ BPF_MAP_TYPE_ARRAY, 1, SOURCE_ARRAY, ROLE_COUNTER },
			NULL);
	sweep(f);
	assert_int_equal(row_of(f, "", &live)->u, 0);
	assert_int_equal(live, 1);
	fixture_free(f);
}

static void test_sweep_globals(void **state)
{
	struct fixture *f = fixture_new((struct map_case){ BPF_MAP_TYPE_ARRAY, 1, SOURCE_GLOBALS,
							   ROLE_COUNTER, .structs = true },
					NULL);
	struct field field = { .name = "m",
			       .path = "m",
			       .label = "m",
			       .count = 1,
			       .kind = KIND_UINT,
			       .off_bits = 64,
			       .size_bits = 32 };

	/* The variable stands behind others in its section. */
	metric_release(f->reader.metric);
	series_free(f->reader.series);
	f->object.maps[0].has_key = false;
	f->object.maps[0].value = (struct layout){ .fields = &field,
						   .nfields = 1,
						   .size_bytes = sizeof(struct value),
						   .is_scalar = true };
	assert_int_equal(metric_compile(f->reader.metric, f->reader.map, NULL, NULL), 0);
	f->reader.series = series_new(f->reader.metric, NULL);
	set(f, 0, &(struct value){ .n = 1, .m = 77 });
	sweep(f);
	assert_int_equal(row_of(f, "", NULL)->u, 77);
	fixture_free(f);
}

/* Popped in order, as far as the queue has room; the rest stays for the next time. */
static void test_sweep_empties_queues(void **state)
{
	struct fixture *f = fixture_new(
		(struct map_case){ BPF_MAP_TYPE_QUEUE, 1000, SOURCE_QUEUE, ROLE_EVENTS }, NULL);
	struct record record;
	uint64_t expected = 0;

	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(bpf_map_update_elem(f->reader.fd, NULL, &i, 0), 0);
	for (int round = 0; round < 50; round++) {
		sweep(f);
		while (queue_get(f->queue, &record)) {
			assert_int_equal(*(const uint64_t *)record.part[PART_VALUE], expected);
			expected++;
		}
	}
	assert_int_equal(expected, 1000);
	assert_int_equal(tally_get(&f->reader.read), 1000);
	assert_int_equal(tally_get(&f->reader.dropped), 0);
	fixture_free(f);
}

/* Records of an iterator are the state as it is now; a piece of one at the end is malformed. */
static void test_sweep_iterator(void **state)
{
	static uint64_t numbers[20001];
	struct fixture *f = fixture_new(
		(struct map_case){ BPF_MAP_TYPE_ARRAY, 1, SOURCE_GLOBALS, ROLE_EVENTS }, NULL);
	struct record record;
	uint64_t expected = 0;

	for (uint64_t i = 0; i < ARRAY_LEN(numbers); i++)
		numbers[i] = i;
	f->object.status.state = PROG_ATTACHED;
	f->object.plan.progs = &f->object.prog;
	f->object.plan.nprogs = 1;
	f->object.maps[0].source = SOURCE_ITER;
	f->object.iter_bytes = numbers;
	f->object.iter_len = sizeof(numbers) - 3;
	queue_free(f->queue);
	f->queue = queue_new(&f->object.plan, 4 << 20);
	sweep(f);
	assert_int_equal(tally_get(&f->reader.entries), 20000);
	assert_int_equal(tally_get(&f->reader.malformed), 1);
	while (queue_get(f->queue, &record))
		assert_int_equal(*(const uint64_t *)record.part[PART_VALUE], expected++);
	assert_int_equal(expected, 20000);
	fixture_free(f);
}

static void test_sweep_failure_keeps_what_was(void **state)
{
	struct fixture *f = fixture_new(
		(struct map_case){ BPF_MAP_TYPE_HASH, 10, SOURCE_HASH, ROLE_GAUGE }, NULL);
	int fd = f->reader.fd;

	set(f, 1, &(uint64_t){ 5 });
	sweep(f);
	f->reader.fd = -1;
	f->reader.warned = true; /* no word about it in the test's output */
	reader_sweep(&f->reader);
	assert_int_equal(tally_get(&f->reader.sweep_errors), 1);
	assert_int_equal(row_of(f, &(uint32_t){ 1 }, NULL)->u, 5);
	f->reader.fd = fd;
	sweep(f);
	fixture_free(f);
}

static void test_lost_is_summed_over_cpus(void **state)
{
	struct fixture *f = fixture_new(
		(struct map_case){ BPF_MAP_TYPE_HASH, 10, SOURCE_HASH, ROLE_GAUGE }, NULL);
	uint64_t values[1024], lost = 99;
	uint32_t zero = 0;

	for (uint32_t cpu = 0; cpu < f->env.cpus; cpu++)
		values[cpu] = 5;
	bpf_map_update_elem(f->object.fds[1], &zero, values, 0);
	assert_true(reader_read_lost(&f->env, f->reader.map, &lost));
	assert_int_equal(lost, 5 * f->env.cpus);
	f->object.maps[0].lost_map = -1;
	assert_false(reader_read_lost(&f->env, f->reader.map, &lost));
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sweep_that_is_cut),
		cmocka_unit_test(test_sweep_hash_in_batches),
		cmocka_unit_test(test_sweep_hash_key_by_key),
		cmocka_unit_test(test_sweep_key_by_key_counts_none_twice),
		cmocka_unit_test(test_sweep_hash_grows_its_batch),
		cmocka_unit_test(test_sweep_lru_hash_struct_values),
		cmocka_unit_test(test_sweep_per_cpu_adds_up),
		cmocka_unit_test(test_sweep_per_cpu_filter_adds_all),
		cmocka_unit_test(test_sweep_per_cpu_split),
		cmocka_unit_test(test_sweep_array_zeros),
		cmocka_unit_test(test_sweep_globals),
		cmocka_unit_test(test_sweep_empties_queues),
		cmocka_unit_test(test_sweep_iterator),
		cmocka_unit_test(test_sweep_failure_keeps_what_was),
		cmocka_unit_test(test_lost_is_summed_over_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
