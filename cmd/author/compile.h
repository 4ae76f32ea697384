/* SPDX-License-Identifier: Apache-2.0 */
/* From a program's source to its stripped object, by way of clang. */
#ifndef BOMBUS_CMD_AUTHOR_COMPILE_H
#define BOMBUS_CMD_AUTHOR_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/option.h"

struct err;
struct strbuf;

/* The machine that a program is for. BPF code is the same for all machines of one byte order, but
 * registers differ. */
struct platform {
	const char *name;    /* "linux/amd64" */
	const char *machine; /* as uname says it */
	const char *target;  /* as libbpf's headers call it, in __TARGET_ARCH_x86 */
	const char *headers; /* Debian's folder of this machine's headers in /usr/include */
	bool big_endian;
};

/* "linux/arm64" or "arm64"; NULL: this machine. EXIT_USAGE. */
int platform_find(const char *name, const struct platform **ret, struct err *err);

struct compile_opts {
	const struct platform *platform;
	struct words cflags;	 /* each a word or several, as a shell would split them */
	const char *vmlinux_btf; /* NULL: the running kernel's */
	bool color, quiet;	 /* of clang's messages */
	struct strbuf *said;	 /* gets the messages; NULL: standard error does */
	/* Gets the paths of the source and of all headers but those of the system and of bombus, a
	 * line each; NULL: not asked for. */
	struct strbuf *files;
	/* Uses a precompiled vmlinux.h where it can: faster, but debug information may differ. */
	bool fast;
};

/*
 * *ret is malloc'ed. The same source gives the same bytes, whatever the folder is called. clang's
 * messages are printed; err has the hint.
 */
int compile_program(const char *source, const struct compile_opts *opts, void **ret,
		    size_t *ret_len, struct err *err);

#endif
