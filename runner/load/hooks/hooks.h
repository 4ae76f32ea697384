/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hooks that this kernel and a binary have, and the arguments of each, with types as C writes
 * them:
 *
 *	tracepoint	tracefs: the members of the format
 *	ksyscall	tracefs: the arguments of the system call
 *	tp_btf		BTF: what the tracepoint is called with; raw_tp is the same place
 *	fentry		BTF: the function's arguments, and what it returns; also for fexit
 *	kprobe		/proc/kallsyms: functions, with the arguments that BTF knows
 *	lsm, iter	BTF
 *	struct_ops	BTF: "TYPE:MEMBER"
 *	usdt, uprobe	a binary's notes and symbols
 *	others		the fixed ones: xdp, tc, cgroups, perf_event, ...
 */
#ifndef BOMBUS_RUNNER_LOAD_HOOKS_HOOKS_H
#define BOMBUS_RUNNER_LOAD_HOOKS_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum hook_arg_kind {
	HOOK_ARG_OTHER,	    /* a struct, or not known */
	HOOK_ARG_NUMBER,    /* integers, enums and typedefs of them */
	HOOK_ARG_POINTER,   /* into the kernel */
	HOOK_ARG_USER,	    /* a pointer into the process's memory */
	HOOK_ARG_USER_TEXT, /* of chars there */
	HOOK_ARG_TEXT,	    /* an array of chars in the context */
	HOOK_ARG_LOC_TEXT,  /* chars somewhere in the context (__data_loc) */
};

struct hook_arg {
	const char *name;
	const char *type;   /* "struct sock *" */
	const char *decl;   /* "struct sock *sk" */
	uint8_t kind;	    /* enum hook_arg_kind */
	bool is_signed;	    /* these two of a number */
	uint32_t bytes;	    /* of a text: its room */
	uint32_t off_bytes; /* of a tracepoint: in the context */
};

struct hook_info {
	const char *section; /* as SEC() has it */
	const char *context; /* the type that the program's argument points to; NULL: it has args */
	const struct hook_arg *args;
	size_t nargs;
	const char *returns; /* type; NULL: nothing, or not known */
};

/* 0, or what ends the list. */
typedef int (*hook_found)(void *ctx, const struct hook_info *hook);

struct hooks_query {
	/* Of sections: as a shell's, where * takes slashes too. Without a wildcard each section
	 * that contains it. NULL: all. */
	const char *pattern;
	bool exact;	    /* `pattern` is a whole section */
	const char *binary; /* path: only its usdt and uprobe hooks. NULL: those of the kernel */
};

/* In the order of the list above; by name where the kernel has no order. */
int hooks_each(const struct hooks_query *query, hook_found found, void *ctx, struct err *err);

#endif
