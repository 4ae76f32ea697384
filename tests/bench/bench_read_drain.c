// SPDX-License-Identifier: Apache-2.0
/*
 * How fast events leave a ring buffer, and whether any is lost that others would not lose.
 *
 *	bench_read_drain [BENCH.bpf.o [ROUNDS [LIVE_SECONDS [RING_SIZE]]]]
 *
 * A full ring of 48-byte events is drained
 *	empty	by libbpf with a callback that does nothing
 *	least	by the least that counts series: XXH3 over the labels' bytes, open addressing, + 1
 *	bombus	by the collector, from its event loop into its series
 * in turns; the medians are printed as events a second of processor time, with the ratio of bombus
 * to the least.
 * Then a thread produces at full speed while libbpf's empty callback and the collector read in
 * turns, and what the kernel side could not hand over is printed for both. At last the same with a
 * ring of BUSY_RING bytes, BUSY_EVENTS a second and BUSY_THREADS threads that do nothing but spin.
 *
 * Prints one line of JSON. Needs the rights to load BPF programs; nothing is attached.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/elf/elf.h"
#include "runner/load/attach/object.h"
#include "runner/read/collect/collector.h"

#define MAX_ROUNDS 101
#define RING_BYTES (64u << 20)
#define LIVE_ROUNDS 3 /* of each reader, in turns */
#define PER_RUN 20000 /* events that one run of the program makes */
#define BUSY_RING (4u << 20)
#define BUSY_EVENTS 1000000
#define BUSY_THREADS 16
#define LABELS_AT 16
#define LABELS_BYTES 32

/* Stands in for the loaded object: the program is run by hand here, which that one does not do. */
struct object {
	struct plan plan;
	struct bpf_object *bpf;
	int prog_fd, ring_fd, lost_fd;
	uint32_t events_index;
};

const struct plan *object_plan(const struct object *object)
{
	return &object->plan;
}

int object_map_fd(const struct object *object, const struct map_plan *map)
{
	return bpf_object__find_map_fd_by_name(object->bpf, map->symbol);
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

static void die(const char *what, const struct err *err)
{
	fprintf(stderr, "bench_read_drain: %s: %s\n", what, err ? err->msg : strerror(errno));
	exit(1);
}

static void load(struct object *o, const char *path, uint64_t ring_bytes)
{
	struct err err = { 0 };
	struct elf_image image;
	struct bpf_map *map;
	size_t len;
	void *elf;

	if (read_file(path, 16 << 20, &elf, &len, &err) < 0 ||
	    elf_merge_maps(elf, len, &image, &err) < 0)
		die(path, &err);
	o->bpf = bpf_object__open_mem(image.bytes, image.len, NULL);
	if (!o->bpf)
		die("open", NULL);
	if (plan_compile(&o->plan, o->bpf, &image, &(struct plan_opts){ 0 }, &err) < 0)
		die("plan", &err);
	bpf_object__for_each_map(map, o->bpf)
		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF) {
			bpf_map__set_value_size(map, 0);
			bpf_map__set_max_entries(map, (uint32_t)ring_bytes);
		}
	if (bpf_object__load(o->bpf) < 0)
		die("load", NULL);
	o->prog_fd = bpf_program__fd(bpf_object__find_program_by_name(o->bpf, "produce"));
	o->ring_fd = bpf_object__find_map_fd_by_name(o->bpf, "events");
	o->lost_fd = bpf_object__find_map_fd_by_name(o->bpf, "events__lost");
	o->events_index = plan_map(&o->plan, "events")->index;
	free(elf);
	elf_image_release(&image);
}

static void produce(const struct object *o, uint32_t count, uint32_t first)
{
	uint32_t args[2] = { count, first };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	if (bpf_prog_test_run_opts(o->prog_fd, &opts) < 0)
		die("run", NULL);
}

static uint64_t lost_total(const struct object *o)
{
	uint64_t values[1024] = { 0 }, sum = 0;
	uint32_t zero = 0;

	bpf_map_lookup_elem(o->lost_fd, &zero, values);
	for (int i = 0; i < libbpf_num_possible_cpus(); i++)
		sum += values[i];
	return sum;
}

/* Fills the ring; how many events that took. */
static uint64_t fill(const struct object *o)
{
	uint64_t lost = lost_total(o), made = 0;

	while (lost_total(o) == lost) {
		produce(o, PER_RUN, (uint32_t)made);
		made += PER_RUN;
	}
	return made - (lost_total(o) - lost);
}

/* What this thread worked: others on the machine do not count. */
static uint64_t worked_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int on_nothing(void *ctx, void *data, size_t size)
{
	return 0;
}

/* The hand-written minimum. */
struct least {
	struct {
		uint8_t key[LABELS_BYTES];
		uint64_t count;
	} slots[2048];
	uint64_t series, events;
};

static int on_least(void *ctx, void *data, size_t size)
{
	struct least *least = ctx;
	const uint8_t *labels = (const uint8_t *)data + LABELS_AT;
	uint64_t i = XXH3_64bits(labels, LABELS_BYTES) % ARRAY_LEN(least->slots);

	while (least->slots[i].count && memcmp(least->slots[i].key, labels, LABELS_BYTES))
		i = (i + 1) % ARRAY_LEN(least->slots);
	if (!least->slots[i].count) {
		memcpy(least->slots[i].key, labels, LABELS_BYTES);
		least->series++;
	}
	least->slots[i].count++;
	least->events++;
	return 0;
}

static double drain_libbpf(const struct object *o, ring_buffer_sample_fn fn, void *ctx,
			   uint64_t expected)
{
	struct ring_buffer *ring = ring_buffer__new(o->ring_fd, fn, ctx, NULL);
	uint64_t start = worked_ns();
	int n = ring_buffer__consume(ring);
	double rate = (double)expected * 1e9 / (double)(worked_ns() - start);

	if (n < 0 || (uint64_t)n != expected) {
		errno = EPROTO;
		die("libbpf found another number of events", NULL);
	}
	ring_buffer__free(ring);
	return rate;
}

struct bombus {
	const struct object *object;
	struct collector *collector;
	struct loop *loop;
	int always_fd;
	uint64_t want;
};

/* Runs each time round the loop. */
static int on_round(void *ctx, uint32_t events)
{
	struct bombus *b = ctx;
	const struct map_plan *map = &b->object->plan.maps[b->object->events_index];

	return collector_stats(b->collector, map).read >= b->want;
}

static void bombus_open(struct bombus *b, struct object *o)
{
	struct metric_plan **metrics = xcalloc(o->plan.nmaps, sizeof(*metrics));
	struct err err = { 0 };

	*b = (struct bombus){ .object = o, .always_fd = eventfd(1, EFD_CLOEXEC) };
	metrics[o->events_index] = xcalloc(1, sizeof(**metrics));
	if (metric_compile(metrics[o->events_index], &o->plan.maps[o->events_index], NULL, &err) <
	    0)
		die("metric", &err);
	if (collector_new(&b->collector, o, NULL, NULL, metrics, &err) < 0)
		die("collector", &err);
	if (loop_new(&b->loop, &err) < 0 || collector_start(b->collector, b->loop, &err) < 0)
		die("start", &err);
	free(metrics);
}

static void bombus_close(struct bombus *b)
{
	collector_free(b->collector);
	loop_free(b->loop);
	close(b->always_fd);
}

/* As the others, it begins where the ring stands and ends with it. */
static double drain_bombus(struct object *o, uint64_t expected, uint64_t *ret_series)
{
	const struct map_plan *map = &o->plan.maps[o->events_index];
	struct bombus b;
	uint64_t start;
	double rate;

	bombus_open(&b, o);
	b.want = expected;
	loop_add_fd(b.loop, b.always_fd, EPOLLIN, on_round, &b, NULL, NULL);
	start = worked_ns();
	loop_run(b.loop);
	rate = (double)expected * 1e9 / (double)(worked_ns() - start);
	*ret_series = series_stats(collector_series(b.collector, map)).live;
	bombus_close(&b);
	return rate;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, uint64_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

struct producer {
	const struct object *object;
	_Atomic bool stop;
	uint64_t made;
	uint64_t pause_ns; /* from one thousand events to the next; 0: none */
};

static void *producer_main(void *ctx)
{
	struct producer *p = ctx;

	uint64_t next_ns = now_mono_ns();

	while (!atomic_load(&p->stop)) {
		produce(p->object, 1000, (uint32_t)p->made);
		p->made += 1000;
		next_ns += p->pause_ns;
		while (p->pause_ns && now_mono_ns() < next_ns)
			usleep(100);
	}
	return NULL;
}

static void *spin_main(void *ctx)
{
	_Atomic bool *stop = ctx;

	while (!atomic_load(stop))
		;
	return NULL;
}

/* What happened to the events of all live rounds of one reader. */
struct live {
	uint64_t made, lost;
};

static void print_live(const char *name, const struct live *live, double seconds, const char *end)
{
	printf("\"%s\":{\"made_per_s\":%.0f,\"lost\":%llu}%s", name, (double)live->made / seconds,
	       (unsigned long long)live->lost, end);
}

static void live_empty(const struct object *o, double seconds, uint64_t pause_ns, struct live *live)
{
	struct ring_buffer *ring = ring_buffer__new(o->ring_fd, on_nothing, NULL, NULL);
	struct producer p = { .object = o, .pause_ns = pause_ns };
	uint64_t lost = lost_total(o), end = now_mono_ns() + (uint64_t)(seconds * 1e9);
	pthread_t thread;

	pthread_create(&thread, NULL, producer_main, &p);
	while (now_mono_ns() < end)
		ring_buffer__poll(ring, 10);
	atomic_store(&p.stop, true);
	pthread_join(thread, NULL);
	ring_buffer__consume(ring);
	ring_buffer__free(ring);
	live->made += p.made;
	live->lost += lost_total(o) - lost;
}

static int on_end(void *ctx, uint32_t events)
{
	return 1;
}

static void live_bombus(struct object *o, double seconds, uint64_t pause_ns, struct live *live)
{
	struct bombus b;
	struct producer p = { .object = o, .pause_ns = pause_ns };
	uint64_t lost = lost_total(o), before;
	struct map_stats stats;
	pthread_t thread;

	bombus_open(&b, o);
	before = collector_stats(b.collector, &o->plan.maps[o->events_index]).read;
	pthread_create(&thread, NULL, producer_main, &p);
	loop_add_timer(b.loop, (uint64_t)(seconds * 1e9), 0, on_end, NULL, NULL, NULL);
	loop_run(b.loop);
	atomic_store(&p.stop, true);
	pthread_join(thread, NULL);
	collector_drain(b.collector, NULL);
	stats = collector_stats(b.collector, &o->plan.maps[o->events_index]);
	if (stats.read - before + (lost_total(o) - lost) != p.made) {
		errno = EPROTO;
		die("read and lost do not add up to what was made", NULL);
	}
	live->made += p.made;
	live->lost += lost_total(o) - lost;
	bombus_close(&b);
}

/* How both do while the machine is busy. */
static void busy(struct object *o, double seconds)
{
	const uint64_t pause_ns = 1000000000ull * 1000 / BUSY_EVENTS;
	struct live live[2] = { { 0 } };
	_Atomic bool stop = false;
	pthread_t threads[BUSY_THREADS];

	for (int i = 0; i < BUSY_THREADS; i++)
		pthread_create(&threads[i], NULL, spin_main, &stop);
	for (int i = 0; i < LIVE_ROUNDS; i++) {
		/* The collector's thread keeps its priority. */
		sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 });
		live_empty(o, seconds / LIVE_ROUNDS, pause_ns, &live[0]);
		live_bombus(o, seconds / LIVE_ROUNDS, pause_ns, &live[1]);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < BUSY_THREADS; i++)
		pthread_join(threads[i], NULL);
	print_live("empty", &live[0], seconds, ",");
	print_live("bombus", &live[1], seconds, "}}\n");
}

int main(int argc, char **argv)
{
	const char *build = getenv("BUILD");
	_cleanup_free_ char *path =
		xasprintf("%s/tests/bench/bench.bpf.o", build ? build : "build");
	double empty[MAX_ROUNDS], least[MAX_ROUNDS], bombus[MAX_ROUNDS], seconds = 3;
	struct least *table = xcalloc(1, sizeof(*table));
	uint64_t rounds = 7, events = 0, series = 0, ring_bytes = RING_BYTES;
	struct live live[2] = { { 0 } };
	struct object o = { 0 };

	if ((argc > 2 && parse_u64(argv[2], &rounds) < 0) ||
	    (argc > 3 && parse_double(argv[3], &seconds) < 0) ||
	    (argc > 4 && parse_size(argv[4], &ring_bytes) < 0) || !rounds || rounds > MAX_ROUNDS) {
		fprintf(stderr,
			"usage: bench_read_drain [BENCH.bpf.o [ROUNDS [LIVE_SECONDS [RING]]]]\n");
		return 2;
	}
	libbpf_set_print(NULL);
	load(&o, argc > 1 ? argv[1] : path, ring_bytes);
	for (uint64_t i = 0; i < rounds; i++) {
		empty[i] = drain_libbpf(&o, on_nothing, NULL, fill(&o));
		least[i] = drain_libbpf(&o, on_least, table, fill(&o));
		events = fill(&o);
		bombus[i] = drain_bombus(&o, events, &series);
	}
	if (table->series != series) {
		errno = EPROTO;
		die("the two do not count the same series", NULL);
	}
	printf("{\"bench\":\"read_drain\",\"events\":%llu,\"series\":%llu,\"empty_per_s\":%.0f,"
	       "\"least_per_s\":%.0f,\"bombus_per_s\":%.0f,\"ratio_to_least\":%.2f,\"live\":{",
	       (unsigned long long)events, (unsigned long long)table->series, median(empty, rounds),
	       median(least, rounds), median(bombus, rounds),
	       median(bombus, rounds) / median(least, rounds));
	for (int i = 0; i < LIVE_ROUNDS; i++) {
		live_empty(&o, seconds / LIVE_ROUNDS, 0, &live[0]);
		live_bombus(&o, seconds / LIVE_ROUNDS, 0, &live[1]);
	}
	print_live("empty", &live[0], seconds, ",");
	print_live("bombus", &live[1], seconds, "},\"busy\":{");
	bpf_object__close(o.bpf);
	plan_release(&o.plan);
	o = (struct object){ 0 };
	load(&o, argc > 1 ? argv[1] : path, BUSY_RING);
	busy(&o, seconds);
	bpf_object__close(o.bpf);
	plan_release(&o.plan);
	free(table);
	return 0;
}
