/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A choice of rows as the user types it: an expression of runner/read/filter/filter.h, or a text
 * that matches rows that contain it, ignoring the case of ASCII letters. Input with an operator
 * outside quotes is an expression. Quotes around the whole input make it a text.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_PICK_H
#define BOMBUS_RUNNER_TUI_MODEL_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include "runner/read/filter/filter.h"
#include "runner/tui/model/model.h"

struct strbuf;

struct pick {
	char *text;	       /* as typed */
	struct filter *filter; /* NULL: rows are searched for the needle */
	char *needle;	       /* lower case */
	size_t needle_bytes;
};

/* NULL for an empty text. -EINVAL with *why. */
int pick_new(struct pick **ret, const struct map_plan *map, const char *text,
	     struct model_why *why);
void pick_free(struct pick *pick);

/* The text contains the needle. */
bool pick_finds(const struct pick *pick, const char *text, size_t len);

/* Adds a text to an expression, in quotes. */
void pick_add_text(struct strbuf *expression, const char *text, size_t len);

/* The fields that a filter of this map has and that begin so: their number, all that they have in
 * common at the beginning, and their names. */
uint32_t pick_complete(const struct map_plan *map, const char *text, size_t len,
		       char ret_common[MODEL_NAME_MAX + 1], char *choices, size_t room);

#endif
