/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of DogStatsD's lines, version 1.3 of the grammar:
 *
 *	NAME:VALUE|TYPE[|@RATE][|#TAG,...][|c:CONTAINER][|T<Unix time>]
 *
 * The grammar has no escapes. In the text of a tag a comma, '|', control characters and bytes that
 * are not UTF-8 become \xNN; so does the backslash of a \x in the text itself, so that different
 * texts stay different. Pure.
 */
#ifndef BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_LINE_H
#define BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_LINE_H

#include <stddef.h>
#include <stdint.h>
#include "base/strbuf.h"
#include "runner/read/series/metric.h"

void dogstatsd_escape(struct strbuf *dst, const char *text, size_t len);

/* "name:text" behind a comma where something stands before it in `dst`. A tag without text says
 * nothing and is left out. */
void dogstatsd_add_tag(struct strbuf *dst, const char *name, const char *text, size_t len);

/* What stands behind the value and its type: the tags, and where bombus itself runs ("": unknown).
 */
void dogstatsd_add_end(struct strbuf *dst, const struct strbuf *tags, const char *container);

/* A cell in the exported unit. */
void dogstatsd_add_cell(struct strbuf *dst, union cell cell, enum cell_type type, double scale);

/*
 * The value that stands for bucket i of a histogram, i up to nbounds for +Inf: the middle of the
 * whole numbers that it counts, in the exported unit. It is in the bucket: above the bound below,
 * and at most the bucket's own. For +Inf, half of the bucket before it lies above the last bound.
 */
double dogstatsd_bucket_value(const struct family *family, uint32_t i, double scale);

/*
 * A sample rate by which a receiver counts one value as `*ret_counted` values, rounded down or to
 * the nearest. That is `count`, or a part of it where one rate cannot say all: what is left takes
 * another line, at most 33 altogether.
 */
double dogstatsd_rate(uint64_t count, uint64_t *ret_counted);

#endif
