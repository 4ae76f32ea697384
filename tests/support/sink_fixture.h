/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the outputs share: a plan made by hand with one map of each kind, records and
 * series with known values, and a source that holds them.
 */
#ifndef BOMBUS_TESTS_SINK_FIXTURE_H
#define BOMBUS_TESTS_SINK_FIXTURE_H

#include "tests/support/unit.h"

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
#include "runner/read/collect/queue.h"
#include "runner/sink/host/host.h"
#include "runner/sink/own_figures.h"
#include "runner/sink/sink.h"
#include "tests/support/fake_source.h"

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

struct fixture {
	struct fake_source fake; /* with a lock for what follows */
	struct map_plan maps[NMAPS];
	struct metric_plan metrics[NMAPS];
	struct plan plan;
	struct wallclock *clock;
	uint64_t since[NMAPS];
	struct figures *figures; /* freed with the rest; NULL: none */
	int fd;			 /* where sinks write: a file in memory */
};

#define FIELD(path_, label_, off_, bits_, count_, kind_, mean_, ...)                               \
	{                                                                                          \
		.name = path_, .path = path_, .label = label_, .off_bits = 8 * (off_),             \
		.size_bits = bits_, .count = count_, .kind = kind_, .meaning = mean_, __VA_ARGS__  \
	}

#define LAYOUT(fields_, type_, size_, ...)                                                         \
	{                                                                                          \
		.type_name = type_, .fields = fields_, .nfields = ARRAY_LEN(fields_),              \
		.size_bytes = size_, __VA_ARGS__                                                   \
	}

extern struct field lat_fields[], conns_value[];

void fixture_init_max(struct fixture *f, uint32_t max_series);
void fixture_init(struct fixture *f);
void fixture_release(struct fixture *f);
/* Records of a map, and one with known values. */
struct record record_of(struct fixture *f, uint32_t map, const void *bytes);
struct connlat a_connlat(void);
/* Series, as the collector would fill them. */
void put_conn(struct fixture *f, uint8_t last, uint64_t value);
/* A connection that expires, if it is there. */
void drop_conn(struct fixture *f, uint8_t last);
/* The map conns, of which 10.0.0.2 has just expired. */
void fill_conns_with_one_gone(struct fixture *f);
void put_http(struct fixture *f, uint16_t port, uint64_t bytes, int64_t depth);
void observe(struct fixture *f, const char *disk, uint64_t us);
void sweep_begin(struct fixture *f, uint32_t map);
void sweep_end(struct fixture *f, uint32_t map);
/* A whole sweep of MAP_CONNS with these values; the second is left out where it is 0. */
void put_conns(struct fixture *f, uint64_t first, uint64_t second);
/* What changed in a map since the last call goes to the sink. Returns what rows() returned. */
int give_rows(struct fixture *f, struct sink *sink, uint32_t map);
void open_sink(struct fixture *f, struct sink *sink);
int give_event(struct fixture *f, struct sink *sink, const struct record *record);
int give_lost(struct fixture *f, struct sink *sink, uint32_t map, enum lost_where where,
	      uint64_t count, uint64_t time_ns);
/* Everything written so far; the caller frees. */
char *written(struct fixture *f);
/* Opened and running at once, as nothing is attached in between. NULL, with err: it failed. */
struct host *host_up(struct fixture *f, struct sink *sink, const struct host_opts *opts,
		     struct err *err);
struct host *host_up_plain(struct fixture *f, struct sink *sink, struct err *err);
/* All figures but those of the sinks; with those of the fixture's maps where `own`. */
struct figures *fixture_figures(struct fixture *f, bool own);

#endif
