/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by span.c, span_plan.c and span_attr.c. */
#ifndef BOMBUS_RUNNER_READ_SPAN_SPAN_INTERNAL_H
#define BOMBUS_RUNNER_READ_SPAN_SPAN_INTERNAL_H

#include "runner/read/span/span.h"

/* The room for a name, a service or a message that is not simply text in the record. */
#define SPAN_TEXT_MAX 8192

/* Characters that can be used where they stand. */
static inline bool span_text_is_plain(const struct field *f)
{
	return f->kind == KIND_TEXT && f->count == 1 &&
	       (f->meaning == MEAN_NONE || f->meaning == MEAN_CHAR);
}

struct span_text span_text_of(const struct field *field, const void *value, char *room,
			      struct resolver *resolver);

#endif
