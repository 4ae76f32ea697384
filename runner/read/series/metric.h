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
#ifndef BOMBUS_RUNNER_READ_SERIES_METRIC_H
#define BOMBUS_RUNNER_READ_SERIES_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "runner/read/record.h"

struct err;

/*
 * Which members are what:
 *
 *	labels	key members, and of a value what is no number of its own (text, addresses, enums,
 *		ids). Records of rings and queues have no key: all members are labels. Never: times
 *		(but for a scalar key), HIDE, OBSERVE, VALUE, COUNTER, GAUGE. Where members of the
 *		key or of the value are tagged LABEL, those are its labels and no others.
 *	values	of map entries: numeric members; if any is tagged VALUE, COUNTER or GAUGE, only
 *		those. Of ring records: the number of records, and each tagged member (counters add
 *		up, gauges keep the last). COUNTER and GAUGE override the map's role for a member.
 *	lists	a list of up to METRIC_MAX_LIST numbers is unrolled, one family an element
 *		("name_0"); longer ones are left out with a warning.
 *	none	an entry without a number is a gauge that is always 1, "<map>_info".
 *
 * Histograms, by the first that fits:
 *
 *	slots	a list `slots` or `buckets` in the value, or its only list: slot n counts
 *		[2^n, 2^(n+1)), the last one everything above. `sum` and `count` are its own.
 *	bucket	a first or last key member `bucket` or `slot` (or an array's index), and one number
 *		as value: the key chooses the cell. `bucket` b counts values up to 2^b; the one
 *		after the last bound is +Inf's own, the next one the sum. `slot` n counts
 *		[2^n, 2^(n+1)), without a sum.
 *	events	each record is observed by one member.
 *
 * BOMBUS_BUCKETS gives other bounds: "exp2", "exp2 MIN MAX" (2^MIN .. 2^MAX), "exp2/8" and "exp2/8
 * MIN MAX" (8 bounds for each of these; 2, 4, 8 or 16), "log2" (2^(n+1) - 1), "linear STEP MIN MAX"
 * (MIN, MIN + STEP .. MAX), "1,5,10". Where the kernel side counts into
 * exp2 or linear buckets by number, MAX is the one into which it puts all that is larger, so that
 * it is +Inf, and MAX + 1 is the sum.
 *
 * With "keys" before such words the last member of the key is the bucket, each bound is real, the
 * last one too, and the sum is behind the last: "keys exp2 MIN MAX", "keys exp2zero MIN MAX" (0,
 * then 2^(n-1)), "keys linear MIN MAX" (n), "keys 1,5,10" (the key is the bound). "times FACTOR"
 * behind them scales the exported bounds and sum.
 *
 * What <bombus/histogram.bpf.h> counts says so itself (map_plan.counted). Of its exp2 buckets "exp2
 * MIN MAX" shows a part, of which all bounds are real; everything else that differs is refused.
 * --hist-buckets says the same as BOMBUS_BUCKETS, and wins.
 */
#define METRIC_MAX_LIST 16
#define METRIC_MAX_FAMILIES 1024
#define METRIC_MAX_BOUNDS 1024

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
enum cell_type { CELL_U64, CELL_I64, CELL_DOUBLE };

/* How the bounds of a histogram follow each other. */
enum bounds_shape { BOUNDS_OTHER, BOUNDS_EXP2, BOUNDS_LOG2 };

union cell {
	uint64_t u;
	int64_t i;
	double d;
};

struct label {
	const char *name;	   /* as exported: a valid, unique label name */
	const struct field *field; /* in the record; NULL for "cpu" */
	struct field in_key;	   /* the same with its offset in the canonical key; bit fields are
				    * 8 bytes there (a bool is one of them) */
	uint8_t part;		   /* enum part */
};

struct family {
	const char *name; /* without namespace: "http_stats_bytes_sent_total" */
	const char *base; /* without unit and _total, for tables and JSON: "bytes_sent"; "" when the
			   * map has this one value only */
	const char *help; /* never NULL, may be "" */
	const char *unit; /* base unit as exported ("seconds"); "" none */
	const char *cell_unit;	   /* of the cells, as the program has it ("us"); NULL: none */
	uint8_t meaning;	   /* enum meaning of the cells: the field's, or the unit's */
	double scale;		   /* exported = cell * scale; 1 for most */
	const struct field *field; /* in the value; NULL: records are counted, or constant 1 */
	uint8_t type;		   /* enum metric_type */
	uint8_t cell_type;	   /* enum cell_type */
	uint32_t cell; /* first cell; a histogram has nbounds + 1 counts (the last is +Inf's
			* own, none cumulative), then the sum, and behind an optional sum
			* the number of entries that it was read from */
	const uint64_t *bounds; /* METRIC_HISTOGRAM: inclusive upper bounds, ascending, in the
				 * field's unit; +Inf is implied */
	uint32_t nbounds;
	bool has_sum;	   /* histograms: there is a cell for the sum */
	bool sum_optional; /* of these: the sum of a series is known if the program wrote it */
	uint8_t shape;	   /* enum bounds_shape */
	uint8_t sub_bits; /* BOUNDS_EXP2: bound i is 2^(min_exponent + i / 2^sub_bits), cut off to a
			   */
	uint32_t min_exponent; /* whole number; small ones may be equal */
};

/* Whether bound i, up to nbounds for +Inf, is one to be shown: of equal ones the last is. */
static inline bool family_shows_bound(const struct family *family, uint32_t i)
{
	return i + 1 >= family->nbounds || family->bounds[i] != family->bounds[i + 1];
}

/* Cells that a family takes, from family->cell on. */
static inline uint32_t family_cells(const struct family *family)
{
	return family->type == METRIC_HISTOGRAM ? family->nbounds + 2 + family->sum_optional : 1;
}

/* Whether the sum of this series of a histogram is known. */
static inline bool family_knows_sum(const struct family *family, const union cell *cells)
{
	return family->has_sum &&
	       (!family->sum_optional || cells[family->cell + family->nbounds + 2].u);
}

enum metric_kind {
	METRIC_ENTRIES,	    /* map entries: metric_cells() */
	METRIC_EVENTS,	    /* records: metric_event() */
	METRIC_HIST_KEY,    /* entries, each one cell of a histogram */
	METRIC_HIST_SLOTS,  /* entries, each a histogram */
	METRIC_HIST_EVENTS, /* records, observed */
};

struct metric_plan {
	const struct map_plan *map;
	uint8_t kind; /* enum metric_kind */
	struct label *labels;
	uint32_t nlabels;
	struct family *families;
	uint32_t nfamilies;
	uint32_t ncells;
	uint32_t key_bytes; /* canonical key; 0: a single series */
	bool key_is_record; /* the key is one run of the record's bytes as they are */
	bool value_labels;  /* some label stands in an entry's value */
	bool split_cpu;	    /* --per-cpu: a label "cpu" comes last (4 bytes at key_bytes - 4) */

	/* The recipes, private to metric.c. */
	struct metric_step *steps;
	uint32_t nsteps;
	struct metric_value *values;
	uint32_t nvalues;
	bool counts_only;	     /* METRIC_EVENTS: one cell, the number of records */
	const struct field *observe; /* METRIC_HIST_EVENTS: what; METRIC_HIST_KEY: the bucket */
	bool bucket_is_bound;	     /* METRIC_HIST_KEY: the key is the bound, not its number */
	uint32_t first_bucket;	     /* METRIC_HIST_KEY: the number of the lowest one */
	uint64_t sum_bucket;	     /* METRIC_HIST_KEY: the one that is the sum; 0: none */
	bool is_guess;		     /* METRIC_HIST_KEY: nothing says how it is counted */
	struct arena arena;
};

/* --relabel: the label made of this field has another text. */
struct metric_relabel {
	const char *field, *regex, *replacement;
};

struct metric_opts {
	const char *const *labels; /* --labels: exactly these fields; NULL: the rule decides */
	size_t nlabels;
	const char *const *drop; /* --drop-label */
	size_t ndrop;
	const char *observe; /* --hist-value-key; NULL: the tagged member */
	const char *buckets; /* --hist-buckets, the words of BOMBUS_BUCKETS; NULL: the tag's, else
			      * powers of two */
	const char *unit;    /* of what a histogram observes; NULL: the tag's */
	const struct metric_relabel *relabels; /* at most one a field */
	size_t nrelabels;
	bool split_cpu; /* of per-CPU maps, which are added up otherwise */
};

/* For ROLE_COUNTER, ROLE_GAUGE and ROLE_HISTOGRAM. EXIT_USAGE for unknown fields, with the
 * nearest name. On failure nothing needs releasing. */
int metric_compile(struct metric_plan *ret, const struct map_plan *map,
		   const struct metric_opts *opts, struct err *err);
void metric_release(struct metric_plan *plan);
/* What becomes of a field: "label", "counter", "gauge", "histogram", "" for nothing. */
const char *metric_field_word(const struct metric_plan *plan, const struct field *field);
/* Of a METRIC_HIST_KEY that is a guess: the bucket that holds what looks like the sum of all that
 * the buckets below it count; 0: none does. */
uint32_t histogram_suspect(const struct metric_plan *plan, const union cell *cells);
/* Gives families of `plan` that are called as one of the `count` others (NULLs among them) a
 * number, and says so. */
void metric_tell_apart(struct metric_plan *const *plans, uint32_t count, struct metric_plan *plan);
/* Whether any name that formats make of one family is a name of the other. */
bool metric_names_clash(const char *a, uint8_t a_type, const char *b, uint8_t b_type);
/* A family's name with a number before its unit and _total; malloc'ed. */
char *metric_numbered_name(const char *name, const char *unit, unsigned number);

/*
 * The canonical key of a record; dst has key_bytes. The hot path. With split_cpu the last 4 bytes
 * are the caller's to fill.
 */
void metric_key(const struct metric_plan *plan, const struct record *record, void *dst);

/* Of `count` records that came one by one (their values); each key stands `stride` bytes behind
 * the one before. */
void metric_keys(const struct metric_plan *plan, const void *const *values, uint32_t count,
		 void *dst, size_t stride);

/* As metric_key(), without a copy where the record's bytes are the key already. */
static inline const void *metric_key_in(const struct metric_plan *plan, const struct record *record,
					void *scratch);

/*
 * Adds a swept entry to the cells of its series; dst has ncells. Per-CPU values stand `cpus`
 * times, 8-byte padded, at part[PART_VALUE] and are added up. METRIC_HIST_KEY finds the cell
 * through part[PART_KEY].
 */
void metric_cells(const struct metric_plan *plan, const struct record *record, uint32_t cpus,
		  union cell *dst);

/* Adds one record to the cells of its series. */
void metric_event(const struct metric_plan *plan, const struct record *record, union cell *dst);

/*
 * The series of this plan as entries of a map, so that a filter can be compiled for what they
 * show: the key is the canonical key with the labels as fields, the value is the cells, with
 * each family that is no histogram as a number ("value" where it is the only one). The fields are
 * in the arena, texts are borrowed from the plan.
 */
void metric_row_map(struct map_plan *ret, const struct metric_plan *plan, struct arena *arena);

/* The histogram cell that a value is counted in: 0 .. nbounds. */
uint32_t metric_bucket(const struct family *family, uint64_t value);

/* One step of the recipe: `len` bytes from `src` of the part to `dst` of the key. */
struct metric_step {
	uint32_t src, dst, len;
	uint8_t part; /* enum part */
	uint8_t op;   /* private to metric.c */
	const struct field *field;
	struct relabel *relabel; /* owned */
};

/* Where a number of an entry goes: `n` of them stand side by side and go to cells in a row. */
struct metric_value {
	uint32_t src, n, cell;
	uint8_t op; /* private to metric.c */
	bool set;   /* replaces what was there: a gauge from an event */
	const struct field *field;
};

static inline const void *metric_key_in(const struct metric_plan *plan, const struct record *record,
					void *scratch)
{
	if (plan->key_is_record)
		return (const char *)record->part[plan->steps[0].part] + plan->steps[0].src;
	metric_key(plan, record, scratch);
	return scratch;
}

#endif
