/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to the files that make metric plans: metric.c compiles labels and values, metric_run.c
 * runs the recipes, metric_name.c makes names, histogram.c finds histograms and their bounds.
 */
#ifndef BOMBUS_RUNNER_READ_SERIES_METRIC_PLAN_H
#define BOMBUS_RUNNER_READ_SERIES_METRIC_PLAN_H

#include "runner/read/series/metric.h"

enum step_op {
	STEP_COPY_1,
	STEP_COPY_2,
	STEP_COPY_4,
	STEP_COPY_8,
	STEP_COPY_16,
	STEP_COPY_3_TO_8, /* overlapping pieces of half that size or more */
	STEP_COPY_8_TO_16,
	STEP_COPY_16_TO_32,
	STEP_COPY_LONG,
	STEP_TEXT_16,
	STEP_TEXT,
	STEP_IP,
	STEP_NUMBER, /* a bit field */
	STEP_RELABEL,
};

enum value_op {
	VALUE_U8,
	VALUE_U16,
	VALUE_U32,
	VALUE_U64,
	VALUE_I8,
	VALUE_I16,
	VALUE_I32,
	VALUE_I64,
	VALUE_F32,
	VALUE_F64,
	VALUE_FIELD_U, /* bit fields */
	VALUE_FIELD_I,
	VALUE_FIELD_D, /* what does not fit 64 bits */
	VALUE_ONE,     /* the constant 1 */
};

/* What is being made, and from what. */
struct metric_build {
	struct metric_plan *plan;
	const struct map_plan *map;
	const struct metric_opts *opts;
	struct err *err;
	bool entries;	    /* swept, else records that come one by one */
	bool tagged[2];	    /* by enum part: some member is a LABEL */
	bool values_tagged; /* some member is a VALUE, COUNTER or GAUGE */
	/* What a histogram takes for itself: neither label nor value. */
	const struct field *bucket, *slots, *sum, *count;
};

/* metric_name.c */
char *metric_clean_name(struct arena *arena, const char *text);
const char *metric_label_name(struct metric_plan *plan, const char *wanted);
/* Fills name, base, unit, scale; `member` may be "". A map with exact names has its own. */
void metric_family_name(struct metric_plan *plan, struct family *family, const char *map_name,
			const char *member, const char *unit);

/* metric_guess.c: what a member of a value is where nothing says it: a gauge, a label, or
 * the same bytes as a value before it (in a union). */
bool guess_is_gauge(const struct metric_build *b, const struct field *field);
bool guess_is_label(const struct metric_build *b, const struct field *field);
bool guess_is_same(const struct metric_build *b, const struct field *field);

/* histogram.c: finds what the histogram is made of, before labels are chosen; then makes it. */
int histogram_find(struct metric_build *build);
int histogram_make(struct metric_build *build);

/* metric_run.c */
void metric_steps_label(struct metric_plan *plan, struct label *label, uint32_t dst);
/* The same for a label with a text of its own; takes `relabel` over. */
void metric_steps_relabel(struct metric_plan *plan, struct label *label, uint32_t dst,
			  struct relabel *relabel);
uint8_t metric_value_op(const struct field *field);
enum cell_type metric_value_cell(uint8_t op);

#endif
