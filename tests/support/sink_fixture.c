// SPDX-License-Identifier: Apache-2.0
#include "tests/support/sink_fixture.h"

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
struct field conns_value[] = {
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
struct field lat_fields[] = {
	FIELD("disk", "disk", 0, 64, 1, KIND_TEXT, MEAN_NONE),
	FIELD("latency", "latency", 8, 64, 1, KIND_UINT, MEAN_DURATION_US, .unit = "us",
	      .tags = TAG_OBSERVE),
};

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

void fixture_init_max(struct fixture *f, uint32_t max_series)
{
	struct series_opts opts = { .max_series = max_series };
	struct err err = { 0 };

	memset(f, 0, sizeof(*f));
	f->clock = wallclock_new();
	fixture_maps(f->maps);
	f->plan = (struct plan){ .maps = f->maps, .nmaps = NMAPS };
	fake_source_init(&f->fake, "fixture", &f->plan, f->clock);
	for (uint32_t i = MAP_CONNS; i < NMAPS; i++) {
		if (metric_compile(&f->metrics[i], &f->maps[i], NULL, &err) < 0)
			fixture_fail("metric_compile: %s", err.msg);
		f->fake.series[i] = series_new(&f->metrics[i], &opts);
	}
	f->fd = memfd_create("sink", MFD_CLOEXEC);
	if (f->fd < 0)
		fixture_fail("memfd_create: %s", strerror(errno));
}

void fixture_init(struct fixture *f)
{
	fixture_init_max(f, 0);
}

void fixture_release(struct fixture *f)
{
	for (uint32_t i = 0; i < NMAPS; i++) {
		series_free(f->fake.series[i]);
		if (f->fake.series[i])
			metric_release(&f->metrics[i]);
	}
	figures_free(f->figures);
	wallclock_free(f->clock);
	close(f->fd);
	fake_source_release(&f->fake);
}

struct record record_of(struct fixture *f, uint32_t map, const void *bytes)
{
	return (struct record){ .map = &f->maps[map],
				.part = { NULL, bytes },
				.value_bytes = f->maps[map].value.size_bytes,
				.time_ns = FIXTURE_TIME_NS };
}

struct connlat a_connlat(void)
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

void put_conn(struct fixture *f, uint8_t last, uint64_t value)
{
	uint8_t key[4] = { 10, 0, 0, last };
	union cell cell = { .u = value };

	series_sweep_put(f->fake.series[MAP_CONNS], key, &cell);
}

void drop_conn(struct fixture *f, uint8_t last)
{
	uint8_t key[4] = { 10, 0, 0, last };
	struct series *series = f->fake.series[MAP_CONNS];
	struct series_rows rows;

	series_rows_init(&rows, series_plan(series), 1);
	rows.count = 1;
	memcpy(rows.keys, key, sizeof(key));
	rows.flags[0] = SERIES_GONE;
	series_put_row(series, &rows, 0);
	series_rows_release(&rows);
}

void fill_conns_with_one_gone(struct fixture *f)
{
	struct series_opts opts = { .ttl_ns = 10 };
	struct series *series;

	series_free(f->fake.series[MAP_CONNS]);
	series = f->fake.series[MAP_CONNS] = series_new(&f->metrics[MAP_CONNS], &opts);
	series_sweep_begin(series, 1);
	put_conn(f, 1, 0);
	put_conn(f, 2, 2);
	series_sweep_end(series);
	series_sweep_begin(series, 100);
	put_conn(f, 1, 1);
	series_sweep_end(series);
}

void put_http(struct fixture *f, uint16_t port, uint64_t bytes, int64_t depth)
{
	struct http_key k = { { 10, 0, 0, 9 }, { port >> 8, port & 255 } };
	struct http_value v = { bytes, depth };
	struct record record = { .map = &f->maps[MAP_HTTP], .part = { &k, &v } };
	uint8_t key[16];
	union cell cells[2] = { 0 };

	metric_key(&f->metrics[MAP_HTTP], &record, key);
	metric_cells(&f->metrics[MAP_HTTP], &record, 1, cells);
	series_sweep_put(f->fake.series[MAP_HTTP], key, cells);
}

void observe(struct fixture *f, const char *disk, uint64_t us)
{
	struct lat v = { .us = us };
	struct record record = record_of(f, MAP_LAT, &v);
	uint8_t key[16];

	memcpy(v.disk, disk, MIN(strlen(disk), sizeof(v.disk)));
	metric_key(&f->metrics[MAP_LAT], &record, key);
	metric_event(&f->metrics[MAP_LAT], &record, series_touch(f->fake.series[MAP_LAT], key, 1));
}

void sweep_begin(struct fixture *f, uint32_t map)
{
	series_sweep_begin(f->fake.series[map], 1);
}
void sweep_end(struct fixture *f, uint32_t map)
{
	series_sweep_end(f->fake.series[map]);
}

void put_conns(struct fixture *f, uint64_t first, uint64_t second)
{
	fake_lock(&f->fake);
	sweep_begin(f, MAP_CONNS);
	put_conn(f, 1, first);
	if (second)
		put_conn(f, 2, second);
	sweep_end(f, MAP_CONNS);
	fake_unlock(&f->fake);
}

int give_rows(struct fixture *f, struct sink *sink, uint32_t map)
{
	struct series *series = f->fake.series[map];
	struct series_rows rows;
	uint64_t mark, cursor = 0;
	bool more;
	int ret = 0;

	series_rows_init(&rows, series_plan(series), 256);
	fake_lock(&f->fake);
	mark = series_mark(series);
	more = series_read(series, &cursor, f->since[map], true, &rows);
	fake_unlock(&f->fake);
	while (!ret && more) {
		ret = sink->ops->rows(sink, &f->fake.source, &rows, FIXTURE_TIME_NS);
		fake_lock(&f->fake);
		more = series_read(series, &cursor, f->since[map], true, &rows);
		fake_unlock(&f->fake);
	}
	series_rows_release(&rows);
	f->since[map] = mark;
	return ret;
}

void open_sink(struct fixture *f, struct sink *sink)
{
	struct err err = { 0 };

	sink->err = NULL;
	if (sink->ops->open && sink->ops->open(sink, &err) < 0)
		fixture_fail("open: %s", err.msg);
	if (sink->ops->add(sink, &f->fake.source, &err) < 0)
		fixture_fail("add: %s", err.msg);
}

int give_event(struct fixture *f, struct sink *sink, const struct record *record)
{
	return sink->ops->event(sink, &f->fake.source, record);
}

int give_lost(struct fixture *f, struct sink *sink, uint32_t map, enum lost_where where,
	      uint64_t count, uint64_t time_ns)
{
	return sink->ops->lost(sink, &f->fake.source, &f->maps[map], where, count, time_ns);
}

char *written(struct fixture *f)
{
	struct stat st;
	char *text;

	if (fstat(f->fd, &st) < 0)
		fixture_fail("fstat: %s", strerror(errno));
	text = xcalloc(1, st.st_size + 1);
	if (pread(f->fd, text, st.st_size, 0) != st.st_size)
		fixture_fail("pread: %s", strerror(errno));
	return text;
}

struct host *host_up(struct fixture *f, struct sink *sink, const struct host_opts *opts,
		     struct err *err)
{
	struct host *host = host_new(opts);
	int code;

	host_add_sinks(host, &sink, 1);
	code = host_open(host, err);
	if (code >= 0)
		code = host_add_source(host, &f->fake.source, err);
	if (code >= 0)
		code = host_start(host, err);
	if (code >= 0)
		return host;
	host_free(host);
	return NULL;
}

struct host *host_up_plain(struct fixture *f, struct sink *sink, struct err *err)
{
	return host_up(f, sink, &(struct host_opts){ .wake_fd = -1 }, err);
}

struct figures *fixture_figures(struct fixture *f, bool own)
{
	struct figures *figures = figures_new();

	figures_add(figures, &build_figures, NULL);
	figures_add(figures, &process_figures, NULL);
	if (own)
		own_figures_add(figures, &f->fake.source);
	return figures;
}
