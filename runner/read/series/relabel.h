/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A label's text by a regular expression, before series are told apart: what becomes equal is one
 * series, so that this bounds their number. As in Prometheus the expression has to match the whole
 * text, and what it does not match stays as it is.
 */
#ifndef BOMBUS_RUNNER_READ_SERIES_RELABEL_H
#define BOMBUS_RUNNER_READ_SERIES_RELABEL_H

#include <stddef.h>
#include <stdint.h>

#define RELABEL_BYTES 64 /* of the new text, zeroed behind its end; what is longer is cut off */

struct err;
struct field;
struct relabel;

/* $1 to $9 in the replacement are the groups, ${name} named ones, $$ a dollar. EXIT_USAGE. The
 * field is borrowed. */
int relabel_new(struct relabel **ret, const struct field *field, const char *regex,
		const char *replacement, struct err *err);
void relabel_free(struct relabel *relabel);

/* The new text of the field, whose record begins at `base`. */
void relabel_run(struct relabel *relabel, const void *base, uint8_t dst[RELABEL_BYTES]);

#endif
