/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A helper process that compiles one source as often as it is asked to. It runs clang as the user
 * who called sudo, else as this process's user, and goes on after this process has given up its
 * rights.
 *
 *	compiler_start()	in a process without threads
 *	compiler_ask()		it starts to compile
 *	compiler_take()		waits for the result; compiler_fd() is readable when it is there
 *
 * With `watch` it also compiles whenever the source or one of its headers was saved, and there is
 * another result to take.
 */
#ifndef BOMBUS_CMD_AUTHOR_COMPILER_H
#define BOMBUS_CMD_AUTHOR_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/option.h"

struct compiler;
struct err;

/* The result of one compilation; compiled_release() frees it. */
struct compiled {
	void *bytes; /* of the object, stripped; NULL: it failed */
	size_t len;
	char *said;	   /* messages of clang, in lines; "" for none */
	uint64_t start_ns; /* when it was begun */
};
void compiled_release(struct compiled *compiled);

/* All are borrowed until compiler_free(); `color` is for the messages. */
int compiler_start(struct compiler **ret, const char *source, const struct words *cflags,
		   bool color, bool watch, struct err *err);
void compiler_free(struct compiler *compiler); /* takes NULL */

int compiler_fd(const struct compiler *compiler);
int compiler_ask(struct compiler *compiler, struct err *err);
/* After a failure `said` is there too, where clang ran. */
int compiler_take(struct compiler *compiler, struct compiled *ret, struct err *err);

#endif
