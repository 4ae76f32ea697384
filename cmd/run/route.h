/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of several programs a word of the command line is for.
 *
 *	PROGRAM:WORD	this program
 *	*:WORD		each program that has what the word names
 *	WORD		the one program that has it; where several have it, the word is refused and
 *			the message names them
 *
 * What a word names is its map, parameter or program; an expression of --where without a map names
 * the fields in it.
 */
#ifndef BOMBUS_CMD_RUN_ROUTE_H
#define BOMBUS_CMD_RUN_ROUTE_H

#include "base/arena.h"
#include "cmd/run/run_args.h"
#include "runner/load/attach/object.h"

struct route_program {
	const char *name;
	const struct plan *plan;     /* without any word applied; NULL: it could not be opened */
	const struct object *object; /* its variables; NULL: words cannot name variables */
};

/* ret: `count` sets of arguments, alike but for the words; texts live as long as those of `args`
 * and the arena. EXIT_USAGE. Release with route_release() in any case. */
int route_words(const struct run_args *args, const struct route_program *programs, size_t count,
		struct arena *arena, struct run_args *ret, struct err *err);
void route_release(struct run_args *routed, size_t count);

#endif
