/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How one map becomes metrics: which fields are labels, which are values, and the recipe that
 * turns a record into the canonical key of its series.
 *
 * The canonical key is the label fields' bytes one after the other: padding is left out, text is
 * zeroed after its NUL, bit fields become 8 bytes. Two records with equal labels have equal keys
 * whatever garbage stood between them, and a key alone is enough to print the labels again:
 * each label holds a copy of its field with the offset in the key.
 *
 * A series has `ncells` cells of 8 bytes. A family (what Prometheus calls one) reads one cell, or
 * for a histogram a run of them. Compiled once per map; immutable afterwards.
 */
#ifndef BOMBUS_RUNNER_READ_METRIC_H
#define BOMBUS_RUNNER_READ_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "runner/read/record.h"

struct err;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
enum cell_type { CELL_U64, CELL_I64, CELL_DOUBLE };

union cell {
	uint64_t u;
	int64_t i;
	double d;
};

struct label {
	const char *name;	   /* as exported: a valid, unique label name */
	const struct field *field; /* in the record */
	struct field in_key;	   /* the same with its offset in the canonical key */
	uint8_t part;		   /* enum part */
};

struct family {
	const char *name; /* without namespace: "http_stats_bytes_sent_bytes_total" */
	const char *base; /* without unit and _total, for tables and JSON: "bytes_sent"; "" when the
			   * map has this one value only */
	const char *help; /* never NULL, may be "" */
	const char *unit; /* base unit as exported ("seconds"); "" none */
	double scale;	  /* exported = cell * scale; 1 for most */
	const struct field *field; /* in the value; NULL: records are counted, or constant 1 */
	uint8_t type;		   /* enum metric_type */
	uint8_t cell_type;	   /* enum cell_type */
	uint32_t cell;		   /* first cell; a histogram has nbounds + 1 counts (the last is +Inf's
				    * own, none cumulative), then the sum */
	const uint64_t *bounds;	   /* METRIC_HISTOGRAM: inclusive upper bounds, ascending, in the
				    * field's unit; +Inf is implied */
	uint32_t nbounds;
	bool has_sum; /* histograms: the sum is known */
};

struct metric_plan {
	const struct map_plan *map;
	struct label *labels;
	uint32_t nlabels;
	struct family *families;
	uint32_t nfamilies;
	uint32_t ncells;
	uint32_t key_bytes;	 /* canonical key; 0: a single series */
	struct metric_step *steps; /* the recipe, private to metric.c */
	uint32_t nsteps;
	bool split_cpu; /* --per-cpu: a label "cpu" comes last (4 bytes at key_bytes - 4) */
	struct arena arena;
};

struct metric_opts {
	const char *const *labels; /* --labels: exactly these fields; NULL: the rule decides */
	size_t nlabels;
	const char *const *drop; /* --drop-label */
	size_t ndrop;
	const char *observe;	 /* --hist-value-key; NULL: the tagged member */
	const uint64_t *bounds;	 /* --hist-buckets; NULL: the tag's, else powers of two */
	size_t nbounds;
	bool split_cpu;
};

/* For ROLE_COUNTER, ROLE_GAUGE and ROLE_HISTOGRAM. EXIT_USAGE for unknown fields, with the
 * nearest name. */
int metric_compile(struct metric_plan *ret, const struct map_plan *map,
		   const struct metric_opts *opts, struct err *err);
void metric_release(struct metric_plan *plan);

/* The canonical key of a record; dst has key_bytes. The hot path. */
void metric_key(const struct metric_plan *plan, const struct record *record, void *dst);

/* The cells of a swept entry (sums per-CPU values that stand `cpus` times, 8-byte padded, at
 * part[PART_VALUE]); dst has ncells and is added to. */
void metric_cells(const struct metric_plan *plan, const struct record *record, uint32_t cpus,
		  union cell *dst);

/* The histogram cell that a value is counted in. */
uint32_t metric_bucket(const struct family *family, uint64_t value);

#endif
