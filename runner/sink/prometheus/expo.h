/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exposition formats: one table of functions for each, so that neither the walk over the series
 * (scrape.c) nor the pages (prometheus.c) know any of them.
 *
 * For each family: family() once, then number() or histogram() for each of its series; end() once
 * after the last family. All write into a buffer, which its owner empties between the calls, but
 * not between family() and family_end() where a format has that: there a family is one message. A
 * long family may be ended and begun anew, as several messages of the same name.
 *
 * labels() writes a label set once; number() and histogram() take its bytes for each of its lines.
 * Formats with equal `sets` write it alike.
 *
 * A label's value is UTF-8. Other bytes, and control characters but newline, become \xNN. So does
 * the backslash of a \x in the text itself, so that different bytes stay different.
 */
#ifndef BOMBUS_RUNNER_SINK_PROMETHEUS_EXPO_H
#define BOMBUS_RUNNER_SINK_PROMETHEUS_EXPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/strbuf.h"
#include "runner/read/series/metric.h"

struct expo_family {
	const char *name; /* whole, with namespace, unit and _total */
	const char *help; /* "": none */
	const char *unit; /* "seconds"; "": none */
	enum metric_type type;
};

struct expo_label {
	const char *name; /* a valid label name */
	const char *text; /* raw bytes, not escaped */
	size_t len;
};

/* As labels() wrote it. */
struct expo_set {
	const char *bytes; /* "" where it is empty */
	size_t len;
};

enum expo_sets { EXPO_SETS_TEXT, EXPO_SETS_PROTOBUF, EXPO_SETS };

struct expo_number {
	enum cell_type type;
	union cell cell;
	double scale;	 /* exported = cell * scale; at 1 integers are exact */
	bool as_product; /* rounded as that product of doubles, as ebpf_exporter does */
};

struct expo_histogram {
	const uint64_t *bounds; /* inclusive, ascending, before scaling; +Inf is implied */
	uint32_t nbounds;
	double scale;		  /* of the bounds */
	bool as_product;	  /* of the bounds, see expo_number */
	const union cell *counts; /* nbounds + 1, not cumulative */
	bool has_sum;
	struct expo_number sum;
	uint8_t shape; /* enum bounds_shape */
	uint8_t sub_bits;
	uint32_t min_exponent;
};

/* Small whole numbers may have equal bounds: the last of them is shown. */
static inline bool expo_shows_bound(const struct expo_histogram *histogram, uint32_t i)
{
	return i + 1 >= histogram->nbounds || histogram->bounds[i] != histogram->bounds[i + 1];
}

struct expo_format {
	const char *content_type;
	bool total_suffix; /* a counter's name must end in _total */
	uint8_t sets;	   /* enum expo_sets */
	void (*family)(struct strbuf *dst, const struct expo_family *family);
	void (*labels)(struct strbuf *dst, const struct expo_label *labels, uint32_t count);
	void (*number)(struct strbuf *dst, const struct expo_family *family, struct expo_set set,
		       const struct expo_number *number);
	void (*histogram)(struct strbuf *dst, const struct expo_family *family, struct expo_set set,
			  const struct expo_histogram *histogram);
	/* `at` is where family() began; may be NULL. */
	void (*family_end)(struct strbuf *dst, size_t at);
	void (*end)(struct strbuf *dst); /* may be NULL */
};

extern const struct expo_format expo_text;	  /* Prometheus' text format 0.0.4 */
extern const struct expo_format expo_openmetrics; /* OpenMetrics 1.0 */
extern const struct expo_format expo_protobuf;	  /* io.prometheus.client.MetricFamily, delimited */

/* v * scale, rounded once where 1/scale is a whole number (microseconds to seconds). */
double expo_scaled(double v, double scale);
double expo_double(const struct expo_number *number); /* scaled */

/* A label's value as it is; `quoted`: with backslash, quote and newline escaped for a text. */
void expo_add_value(struct strbuf *dst, const char *text, size_t len, bool quoted);

/*
 * A histogram whose shape is not BOUNDS_OTHER, as one with exponential buckets: at schema s bucket
 * n holds (2^((n-1) / 2^s), 2^(n / 2^s)]. Count i, from 1 on, stands in bucket index(i); count 0
 * is the zero bucket's, up to the first bound. Exact: powers of two, scaled by one: 2^*ret_shift.
 */
bool expo_native_is_exact(const struct expo_histogram *histogram, int *ret_shift);
int expo_native_schema(const struct expo_histogram *histogram, bool exact);
int64_t expo_native_index(const struct expo_histogram *histogram, uint32_t i, bool exact,
			  int shift);

#endif
