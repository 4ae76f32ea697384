/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How metrics are written for a scraper: one table of functions per exposition format, so that
 * what walks over the series (scrape.c) and what speaks HTTP (prometheus.c) know none of them.
 *
 * For each family: family() once, then number() or histogram() for each of its series; end() once
 * after the last family. All write into a buffer that its owner empties between the calls.
 */
#ifndef BOMBUS_RUNNER_SINK_EXPO_H
#define BOMBUS_RUNNER_SINK_EXPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/strbuf.h"
#include "runner/read/metric.h"

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

struct expo_number {
	enum cell_type type;
	union cell cell;
	double scale; /* exported = cell * scale; at 1 integers are exact */
};

struct expo_histogram {
	const uint64_t *bounds; /* inclusive, ascending, before scaling; +Inf is implied */
	uint32_t nbounds;
	double scale;		  /* of the bounds */
	const union cell *counts; /* nbounds + 1, not cumulative */
	bool has_sum;
	struct expo_number sum;
};

struct expo_format {
	const char *content_type;
	void (*family)(struct strbuf *dst, const struct expo_family *family);
	void (*number)(struct strbuf *dst, const struct expo_family *family,
		       const struct expo_label *labels, uint32_t nlabels,
		       const struct expo_number *number);
	void (*histogram)(struct strbuf *dst, const struct expo_family *family,
			  const struct expo_label *labels, uint32_t nlabels,
			  const struct expo_histogram *histogram);
	void (*end)(struct strbuf *dst); /* may be NULL */
};

/* Prometheus' text format 0.0.4. */
extern const struct expo_format expo_text;

/* v * scale, rounded once where 1/scale is a whole number (microseconds to seconds). */
double expo_scaled(double v, double scale);

#endif
