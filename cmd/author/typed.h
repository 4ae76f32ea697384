/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a program that come from its hook's arguments, with the types of the running kernel
 * or of the binary (runner/load/hooks/hooks.h).
 */
#ifndef BOMBUS_CMD_AUTHOR_TYPED_H
#define BOMBUS_CMD_AUTHOR_TYPED_H

#include <stdbool.h>
#include "base/strbuf.h"

#define TYPED_MAX_BYTES (32u << 10)

struct typed {
	struct strbuf context; /* definition of the context's type, in front of the program */
	struct strbuf head;    /* "int BPF_PROG(on_tcp_close, struct sock *sk, long timeout)" */
	struct strbuf fields;  /* members of a record for the arguments that fit one */
	struct strbuf locals;  /* definitions at the program's begin, for them */
	struct strbuf fills;   /* statements that fill the record `e` */
	const char *include;   /* another line; "" for none */
	const char *comment;   /* in the place of the usual one; NULL: that */
};

/* False: nothing is known of the hook, and the program has to do without. typed_release() after
 * either. */
bool typed_make(struct typed *ret, const char *hook, const char *program);
void typed_release(struct typed *typed);

#endif
