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
 * have it). A bare FIELD is true when it is not zero or not empty. Lists match when any element
 * does. "!=" and "!~" are true where "==" and "~" are not.
 *
 * What a value may be is the field's to say:
 *
 *	numbers		5, -3, 0x1f, 2.5; 4K (powers of 1024); durations take units of time
 *			(10ms, 1m30s). A plain number counts in the field's own unit. Equality
 *			with what the field can never hold is an error; < and > go by its place
 *	enums, errno,	their names (ECONNREFUSED also stands for -111; 'tcp' and 'TCP'), users,
 *	protocols ...	groups, devices and interfaces of this machine; or numbers
 *	addresses	==, !=, in; each takes a prefix. IPv4 also finds ::ffff:a.b.c.d
 *	text		==, != and in compare all of it; \" and \' are quotes, \\ is \
 *	containers, pods	their names, as text
 *	bytes, MAC	all of them, in hexadecimal
 *
 * `~` is an unanchored PCRE2 match of bytes on the element's plain text (decode.h), without names
 * of the running system; backslashes are the pattern's. A match that takes too many steps is none.
 * Everything else runs on the raw bytes: nothing is decoded.
 *
 * A filter is immutable after compiling; matching uses scratch memory in it and so belongs to
 * one thread at a time.
 */
#ifndef BOMBUS_RUNNER_READ_FILTER_FILTER_H
#define BOMBUS_RUNNER_READ_FILTER_FILTER_H

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

/* Names of containers and pods (fields of --enrich) are found by this resolver, which is borrowed
 * and belongs to the same thread. Without it they are all unknown. */
void filter_use_names(struct filter *filter, struct resolver *names);

bool filter_match(struct filter *filter, const struct record *record); /* NULL filter: true */
void filter_free(struct filter *filter);

#endif
