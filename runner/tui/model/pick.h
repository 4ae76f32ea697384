/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people type to choose rows: an expression of runner/read/filter/filter.h, or any text, which
 * the row has to show somewhere in whatever case (of ASCII). It is an expression when it has an
 * operator outside of quotes. Quotes around all of it make it text.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_PICK_H
#define BOMBUS_RUNNER_TUI_MODEL_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include "runner/read/filter/filter.h"
#include "runner/tui/model/model.h"

struct pick {
	char *text;	       /* as typed */
	struct filter *filter; /* NULL: the needle is looked for */
	char *needle;	       /* lower case */
	size_t needle_bytes;
};

/* NULL for an empty text. -EINVAL with *why. */
int pick_new(struct pick **ret, const struct map_plan *map, const char *text,
	     struct model_why *why);
void pick_free(struct pick *pick);

/* The needle stands in the text. */
bool pick_finds(const struct pick *pick, const char *text, size_t len);

#endif
