/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the outputs share: a plan made by hand with one map of each kind, records and
 * series with known values, and a collector that only holds them. It stands in for the real one,
 * which is not linked, since the test defines its functions first.
 */
#ifndef BOMBUS_TESTS_SINK_FIXTURE_H
#define BOMBUS_TESTS_SINK_FIXTURE_H

#ifdef FIXTURE_WITHOUT_CMOCKA /* benchmarks */
#include <stdio.h>
#include <stdlib.h>
#define assert_true(what) ((what) ? (void)0 : abort())
#define assert_non_null(what) assert_true(what)
#define assert_int_equal(a, b) assert_true((a) == (b))
#define assert_string_equal(a, b) assert_true(strcmp(a, b) == 0)
#define fail_msg(...) (fprintf(stderr, __VA_ARGS__), abort())
#else
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <locale.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include "base/err.h"
#include "base/process.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/sink/own_figures.h"
#include "runner/sink/sink.h"

#define GOLDEN_DIR "tests/golden/"
#define FIXTURE_TIME_NS 1795165200123456789ull /* 2026-11-20T09:00:00.123456789Z */

enum { MAP_EVENTS, MAP_NESTED, MAP_CONNS, MAP_HTTP, MAP_LAT, NMAPS };

struct connlat {
	uint8_t saddr[4], daddr[4];
	char comm[16];
	uint64_t delta_us, ts_us;
	uint32_t tgid;
	int32_t af;
};

struct nested {
	uint8_t addr[4], port[2];
	uint32_t hidden;
	double ratio;
	char comm[8];
	uint16_t list[3];
};

struct http_key {
	uint8_t addr[4], port[2];
};
struct http_value {
	uint64_t bytes;
	int64_t depth;
};

struct lat {
	char disk[8];
	uint64_t us;
};

struct collector {
	pthread_mutex_t lock;
	struct series *series[NMAPS];
	struct map_stats stats[NMAPS];
	struct queue *queue;
};

struct fixture {
	struct collector collector;
	struct map_plan maps[NMAPS];
	struct metric_plan metrics[NMAPS];
	struct plan plan;
	struct wallclock *clock;
	struct sink_env env;
	uint64_t since[NMAPS];
	struct figures *figures; /* freed with the rest; NULL: none */
	int fd;			 /* where sinks write: a file in memory */
};

/* The stand-in. */
struct series *collector_series(const struct collector *collector, const struct map_plan *map)
{
	return collector->series[map->index];
}
struct map_stats collector_stats(const struct collector *collector, const struct map_plan *map)
{
	struct map_stats stats;

	pthread_mutex_lock((pthread_mutex_t *)&collector->lock);
	stats = collector->stats[map->index];
	pthread_mutex_unlock((pthread_mutex_t *)&collector->lock);
	return stats;
}
uint64_t collector_set_aside(struct collector *collector, uint64_t max)
{
	return max;
}

void collector_lock(struct collector *collector)
{
	pthread_mutex_lock(&collector->lock);
}
void collector_unlock(struct collector *collector)
{
	pthread_mutex_unlock(&collector->lock);
}
void collector_add_queue(struct collector *collector, struct queue *queue)
{
	collector->queue = queue;
}

#define FIELD(path_, label_, off_, bits_, count_, kind_, mean_, ...)                               \
	{                                                                                          \
		.name = path_, .path = path_, .label = label_, .off_bits = 8 * (off_),             \
		.size_bits = bits_, .count = count_, .kind = kind_, .meaning = mean_, __VA_ARGS__  \
	}

static struct field connlat_fields[] = {
	FIELD("saddr_v4", "saddr_v4", 0, 32, 1, KIND_UINT, MEAN_IPV4),
	FIELD("daddr_v4", "daddr_v4", 4, 32, 1, KIND_UINT, MEAN_IPV4),
	FIELD("comm", "comm", 8, 128, 1, KIND_TEXT, MEAN_NONE),
	FIELD("delta_us", "delta_us", 24, 64, 1, KIND_UINT, MEAN_NONE),
	FIELD("ts_us", "ts_us", 32, 64, 1, KIND_UINT, MEAN_NONE),
	FIELD("tgid", "tgid", 40, 32, 1, KIND_UINT, MEAN_NONE),
	FIELD("af", "af", 44, 32, 1, KIND_INT, MEAN_NONE, .is_signed = true),
};
static struct field nested_fields[] = {
	FIELD("src.addr", "src_addr", 0, 32, 1, KIND_UINT, MEAN_IPV4),
	FIELD("ratio", "ratio", 16, 64, 1, KIND_FLOAT, MEAN_NONE),
	FIELD("src.port", "src_port", 4, 16, 1, KIND_UINT, MEAN_PORT_BE),
	FIELD("hidden", "hidden", 8, 32, 1, KIND_UINT, MEAN_NONE, .tags = TAG_HIDE),
	FIELD("comm", "comm", 24, 64, 1, KIND_TEXT, MEAN_NONE),
	FIELD("list", "list", 32, 16, 3, KIND_UINT, MEAN_NONE),
};
static struct field conns_key[] = {
	FIELD("daddr_v4", "daddr_v4", 0, 32, 1, KIND_UINT, MEAN_IPV4),
};
static struct field conns_value[] = {
	FIELD("value", "value", 0, 64, 1, KIND_UINT, MEAN_NONE),
};
static struct field http_key_fields[] = {
	FIELD("src.addr", "src_addr", 0, 32, 1, KIND_UINT, MEAN_IPV4),
	FIELD("src.port", "src_port", 4, 16, 1, KIND_UINT, MEAN_PORT_BE),
};
static struct field http_value_fields[] = {
	FIELD("bytes", "bytes", 0, 64, 1, KIND_UINT, MEAN_SIZE_BYTES, .tags = TAG_COUNTER,
	      .unit = "bytes", .help = "Sent \\ received.\nBoth."),
	FIELD("depth", "depth", 8, 64, 1, KIND_INT, MEAN_NONE, .tags = TAG_GAUGE,
	      .is_signed = true),
};
static struct field lat_fields[] = {
	FIELD("disk", "disk", 0, 64, 1, KIND_TEXT, MEAN_NONE),
	FIELD("latency", "latency", 8, 64, 1, KIND_UINT, MEAN_DURATION_US, .unit = "us",
	      .tags = TAG_OBSERVE),
};

#define LAYOUT(fields_, type_, size_, ...)                                                         \
	{                                                                                          \
		.type_name = type_, .fields = fields_, .nfields = ARRAY_LEN(fields_),              \
		.size_bytes = size_, __VA_ARGS__                                                   \
	}

static void fixture_maps(struct map_plan *maps)
{
	const struct map_plan all[NMAPS] = {
		[MAP_EVENTS] = { .name = "events",
				 .role = ROLE_EVENTS,
				 .source = SOURCE_RING,
				 .has_value = true,
				 .type = BPF_MAP_TYPE_RINGBUF,
				 .max_entries = 2 << 20,
				 .value = LAYOUT(connlat_fields, "event", 48) },
		[MAP_NESTED] = { .name = "nested",
				 .role = ROLE_EVENTS,
				 .source = SOURCE_RING,
				 .has_value = true,
				 .type = BPF_MAP_TYPE_RINGBUF,
				 .max_entries = 4096,
				 .value = LAYOUT(nested_fields, "nested", 40) },
		[MAP_CONNS] = { .name = "conns",
				.help = "Connections by destination.",
				.role = ROLE_COUNTER,
				.source = SOURCE_HASH,
				.exported = true,
				.has_key = true,
				.has_value = true,
				.type = BPF_MAP_TYPE_HASH,
				.max_entries = 1024,
				.key_bytes = 4,
				.value_bytes = 8,
				.key = LAYOUT(conns_key, "ipv4_addr", 4, .is_scalar = true),
				.value = LAYOUT(conns_value, "__u64", 8, .is_scalar = true) },
		[MAP_HTTP] = { .name = "http",
			       .role = ROLE_COUNTER,
			       .source = SOURCE_HASH,
			       .exported = true,
			       .has_key = true,
			       .has_value = true,
			       .type = BPF_MAP_TYPE_HASH,
			       .max_entries = 1024,
			       .key_bytes = 6,
			       .value_bytes = 16,
			       .key = LAYOUT(http_key_fields, "http_key", 6),
			       .value = LAYOUT(http_value_fields, "http_value", 16) },
		[MAP_LAT] = { .name = "lat",
			      .role = ROLE_HISTOGRAM,
			      .source = SOURCE_RING,
			      .exported = true,
			      .has_value = true,
			      .type = BPF_MAP_TYPE_RINGBUF,
			      .max_entries = 4096,
			      .buckets = "1,5,1000",
			      .value = LAYOUT(lat_fields, "lat", 16) },
	};

	memcpy(maps, all, sizeof(all));
	for (uint32_t i = 0; i < NMAPS; i++) {
		maps[i].index = i;
		maps[i].symbol = maps[i].name;
		maps[i].prog = -1;
		maps[i].lost_map = -1;
	}
}

static void fixture_init_max(struct fixture *f, uint32_t max_series)
{
	struct series_opts opts = { .max_series = max_series };
	struct err err = { 0 };

	memset(f, 0, sizeof(*f));
	pthread_mutex_init(&f->collector.lock, NULL);
	fixture_maps(f->maps);
	f->plan = (struct plan){ .maps = f->maps, .nmaps = NMAPS };
	for (uint32_t i = MAP_CONNS; i < NMAPS; i++) {
		if (metric_compile(&f->metrics[i], &f->maps[i], NULL, &err) < 0)
			fail_msg("metric_compile: %s", err.msg);
		f->collector.series[i] = series_new(&f->metrics[i], &opts);
	}
	f->clock = wallclock_new();
	f->fd = memfd_create("sink", MFD_CLOEXEC);
	assert_true(f->fd >= 0);
	f->env = (struct sink_env){ .program = "fixture",
				    .plan = &f->plan,
				    .collector = &f->collector,
				    .clock = f->clock };
}

static inline void fixture_init(struct fixture *f)
{
	fixture_init_max(f, 0);
}

static inline void fixture_release(struct fixture *f)
{
	for (uint32_t i = 0; i < NMAPS; i++) {
		series_free(f->collector.series[i]);
		if (f->collector.series[i])
			metric_release(&f->metrics[i]);
	}
	figures_free(f->figures);
	wallclock_free(f->clock);
	close(f->fd);
	pthread_mutex_destroy(&f->collector.lock);
}

/* Records. */
static inline struct record record_of(struct fixture *f, uint32_t map, const void *bytes)
{
	return (struct record){ .map = &f->maps[map],
				.part = { NULL, bytes },
				.value_bytes = f->maps[map].value.size_bytes,
				.time_ns = FIXTURE_TIME_NS };
}

static inline struct connlat a_connlat(void)
{
	struct connlat e = { .saddr = { 10, 0, 0, 1 },
			     .daddr = { 8, 8, 8, 8 },
			     .delta_us = 1220,
			     .ts_us = 5149693413,
			     .tgid = 15173,
			     .af = 2 };

	memcpy(e.comm, "telnet\0garbage", 14);
	return e;
}

/* Series, as the collector would fill them. */
static inline void put_conn(struct fixture *f, uint8_t last, uint64_t value)
{
	uint8_t key[4] = { 10, 0, 0, last };
	union cell cell = { .u = value };

	series_sweep_put(f->collector.series[MAP_CONNS], key, &cell);
}

/* A connection that expires, if it is there. */
static inline void drop_conn(struct fixture *f, uint8_t last)
{
	uint8_t key[4] = { 10, 0, 0, last };
	struct series *series = f->collector.series[MAP_CONNS];
	struct series_rows rows;

	series_rows_init(&rows, series_plan(series), 1);
	rows.count = 1;
	memcpy(rows.keys, key, sizeof(key));
	rows.flags[0] = SERIES_GONE;
	series_put_row(series, &rows, 0);
	series_rows_release(&rows);
}

/* The map conns, of which 10.0.0.2 has just expired. */
static inline void fill_conns_with_one_gone(struct fixture *f)
{
	struct series_opts opts = { .ttl_ns = 10 };
	struct series *series;

	series_free(f->collector.series[MAP_CONNS]);
	series = f->collector.series[MAP_CONNS] = series_new(&f->metrics[MAP_CONNS], &opts);
	series_sweep_begin(series, 1);
	put_conn(f, 1, 0);
	put_conn(f, 2, 2);
	series_sweep_end(series);
	series_sweep_begin(series, 100);
	put_conn(f, 1, 1);
	series_sweep_end(series);
}

static inline void put_http(struct fixture *f, uint16_t port, uint64_t bytes, int64_t depth)
{
	struct http_key k = { { 10, 0, 0, 9 }, { port >> 8, port & 255 } };
	struct http_value v = { bytes, depth };
	struct record record = { .map = &f->maps[MAP_HTTP], .part = { &k, &v } };
	uint8_t key[16];
	union cell cells[2] = { 0 };

	metric_key(&f->metrics[MAP_HTTP], &record, key);
	metric_cells(&f->metrics[MAP_HTTP], &record, 1, cells);
	series_sweep_put(f->collector.series[MAP_HTTP], key, cells);
}

static inline void observe(struct fixture *f, const char *disk, uint64_t us)
{
	struct lat v = { .us = us };
	struct record record = record_of(f, MAP_LAT, &v);
	uint8_t key[16];

	memcpy(v.disk, disk, MIN(strlen(disk), sizeof(v.disk)));
	metric_key(&f->metrics[MAP_LAT], &record, key);
	metric_event(&f->metrics[MAP_LAT], &record,
		     series_touch(f->collector.series[MAP_LAT], key, 1));
}

static inline void sweep_begin(struct fixture *f, uint32_t map)
{
	series_sweep_begin(f->collector.series[map], 1);
}
static inline void sweep_end(struct fixture *f, uint32_t map)
{
	series_sweep_end(f->collector.series[map]);
}

/* What changed in a map since the last call goes to the sink. Returns what rows() returned. */
static inline int give_rows(struct fixture *f, struct sink *sink, uint32_t map)
{
	struct series *series = f->collector.series[map];
	uint64_t mark = series_mark(series), cursor = 0;
	struct series_rows rows;
	int ret = 0;

	series_rows_init(&rows, series_plan(series), 256);
	while (!ret && series_read(series, &cursor, f->since[map], true, &rows))
		ret = sink->ops->rows(sink, &rows, FIXTURE_TIME_NS);
	series_rows_release(&rows);
	f->since[map] = mark;
	return ret;
}

static inline void open_sink(struct fixture *f, struct sink *sink)
{
	struct err err = { 0 };

	sink->err = NULL;
	if (sink->ops->open(sink, &f->env, &err) < 0)
		fail_msg("open: %s", err.msg);
}

/* Everything written so far; the caller frees. */
static inline char *written(struct fixture *f)
{
	struct stat st;
	char *text;

	assert_int_equal(fstat(f->fd, &st), 0);
	text = xcalloc(1, st.st_size + 1);
	assert_int_equal(pread(f->fd, text, st.st_size, 0), st.st_size);
	return text;
}

/* UPDATE_GOLDEN=1 writes the files anew, to be looked at before they are committed. */
static inline void assert_golden(const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf(GOLDEN_DIR "%s", name);
	struct err err = { 0 };
	void *want = NULL;

	if (getenv("UPDATE_GOLDEN")) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	if (read_file(path, 1 << 20, &want, NULL, &err) < 0)
		fail_msg("%s: %s", path, err.msg);
	assert_string_equal(text, want);
	free(want);
}

/* Opened and running at once, as nothing is attached in between. */
static inline int host_up(struct sink_host **ret, struct sink *sink, const struct sink_env *env,
			  int wake_fd, struct err *err)
{
	int code = sink_host_open(ret, sink, env, wake_fd, err);

	return code < 0 ? code : sink_host_start(*ret, err);
}

/* All figures but those of the sinks; with those of the fixture's maps where `own`. */
static inline struct figures *fixture_figures(struct fixture *f, bool own)
{
	struct figures *figures = figures_new();

	figures_add(figures, &build_figures, NULL);
	figures_add(figures, &process_figures, NULL);
	if (own)
		own_figures_add(figures, &f->env);
	return figures;
}

#endif
