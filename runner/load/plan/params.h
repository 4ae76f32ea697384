/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters: `const volatile` globals, set before load. The words are typed by BTF:
 *
 *	ints		decimal, 0x hex, checked against the variable's range
 *	bool		true false yes no on off 1 0
 *	enum		one of its names, or a number that is one of its values
 *	char arrays	text, shorter than the array
 *	ipv4_addr ...	addresses; port_be: a number; durations: "10ms" or a number of their unit
 *	bytes		"4M" or a number
 *	arrays		"1,2,3", at most as many as there are
 */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_PARAMS_H
#define BOMBUS_RUNNER_LOAD_PLAN_PARAMS_H

#include <stddef.h>
#include "runner/load/plan/plan.h"

struct err;

/* Writes `text` as the field's value into `dst` (the variable's bytes, zeroed first).
 * EXIT_USAGE; "what" names it in messages: "parameter min_us: 70000 is more than 65535". */
int param_write(const struct field *field, const char *text, void *dst, size_t size,
		const char *what, struct err *err);
/* The other way: the text that param_write() would take. */
size_t param_read(const struct field *field, const void *src, char *text, size_t size);

/* Sets a parameter in the bytes of .rodata. Unknown names suggest the nearest. */
int params_set(const struct plan *plan, void *rodata, size_t rodata_bytes, const char *name,
	       const char *value, struct err *err);

#endif
