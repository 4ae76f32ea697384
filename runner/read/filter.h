/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one predicate language, for --where, -f, and the live table's filter.
 *
 *	expr   := or ;  or := and { "||" and } ;  and := not { "&&" not }
 *	not    := "!" not | "(" expr ")" | test
 *	test   := FIELD [ op value ] | FIELD "in" ( value | "(" value { "," value } ")" )
 *	op     := "==" | "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~"
 *	value  := number with optional unit (10ms, 4K) | "text" | 'text' | word | address | CIDR
 *
 * FIELD is a path of the map's key or value ("comm", "src.addr"; "key.x" and "value.x" where both
 * have it). A bare FIELD is true when it is not zero or not empty. `~` is an unanchored PCRE2
 * match on the field's plain text; "in" takes CIDR for addresses. Words are names of the field's
 * enum or meaning (ECONNREFUSED, ESTABLISHED, tcp, openat). Lists match when any element does.
 * Comparisons of numbers, addresses, enums and texts run on the raw bytes: nothing is decoded.
 *
 * A filter is immutable after compiling; matching uses scratch memory in it and so belongs to
 * one thread at a time.
 */
#ifndef BOMBUS_RUNNER_READ_FILTER_H
#define BOMBUS_RUNNER_READ_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include "runner/read/record.h"

struct err;
struct filter;
struct resolver;

#define FILTER_MAX_BYTES 4096 /* of an expression */
#define FILTER_MAX_DEPTH 64

/*
 * Errors are EXIT_USAGE; err->detail shows the expression and a caret under the place:
 *	delta_us > 1000 && com ~ "^ng"
 *	                   ^ no field 'com'        (hint: did you mean 'comm'?)
 */
int filter_compile(struct filter **ret, const struct map_plan *map, const char *text,
		   struct err *err);

/* BumbleBee's: "FIELD" must match the regular expression (unanchored, on plain text). */
int filter_compile_regex(struct filter **ret, const struct map_plan *map, const char *field,
			 const char *regex, struct err *err);

/* a && b; takes both over. Either may be NULL. */
struct filter *filter_and(struct filter *a, struct filter *b);

bool filter_match(struct filter *filter, const struct record *record); /* NULL filter: true */
void filter_free(struct filter *filter);

#endif
