/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which STACK_TRACE map an id came from: a program that keeps kernel and user stacks apart has two,
 * and nothing in the types of a record says which of its ids belongs to which. The instructions
 * do: a call of bpf_get_stackid() has the map in r2, and its result goes somewhere.
 *
 * One pass over the code follows what registers and stack slots hold: maps, ids, and pointers into
 * the frame and into records. It takes each instruction once, in order, which is enough for code
 * that a compiler wrote; what it cannot follow it does not report.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_MAP_USE_H
#define BOMBUS_RUNNER_LOAD_ELF_MAP_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_insn;

#define STACK_USE_ANY -1

/* An id of `stack_map` is written `off_bytes` behind the start of a key or a value (a record). */
struct stack_use {
	int stack_map;
	int map; /* whose key or value; STACK_USE_ANY: some pointer's */
	bool in_key;
	int32_t off_bytes;
	bool knows_flags; /* the flags are a constant */
	bool is_user;	  /* BPF_F_USER_STACK is among them */
};

/*
 * maps: by instruction, the number of the map that it loads, -1: none. Calls `found` for each use.
 */
void stack_use_find(const struct bpf_insn *insns, const int *maps, size_t count,
		    void (*found)(void *ctx, const struct stack_use *use), void *ctx);

#endif
