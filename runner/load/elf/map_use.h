/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How instructions use maps, where types do not tell.
 *
 * Ids of stacks: a program that keeps kernel and user stacks apart has two STACK_TRACE maps, and
 * nothing in the types of a record says which of its ids belongs to which. A call of
 * bpf_get_stackid() has the map in r2, and its result goes somewhere.
 *
 * Records: a ring buffer need not declare the type of its records. A call that writes one has its
 * size and its place.
 *
 * Habits: a map counts if programs add to its values. It keeps state of requests under way if it
 * holds moments, or if programs delete its entries.
 *
 * One pass over the code follows what registers and stack slots hold: maps, ids, and pointers into
 * the frame and into records. It takes each instruction once, in order, which is enough for code
 * that a compiler wrote; it does not report a value that it cannot follow.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_MAP_USE_H
#define BOMBUS_RUNNER_LOAD_ELF_MAP_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_insn;

#define MAP_USE_ANY -1

/* An id of `stack_map` is written `off_bytes` behind the start of a key or a value (a record). */
struct stack_use {
	int stack_map;
	int map; /* whose key or value; MAP_USE_ANY: some pointer's */
	bool in_key;
	int32_t off_bytes;
	bool knows_flags; /* the flags are a constant */
	bool is_user;	  /* BPF_F_USER_STACK is among them */
};

/* A record goes into a ring buffer or a perf event array. */
struct record_use {
	int map;	  /* MAP_USE_ANY: it is not known */
	size_t insn;	  /* of the call */
	int32_t size;	  /* in bytes; -1: it is no constant */
	int value_map;	  /* it is a value of this map, from its start; MAP_USE_ANY: it is not */
	int32_t from_end; /* it begins so many bytes from the frame's end; 0: elsewhere */
	bool appends;	  /* the kernel may put a packet behind it: the flags say how much of one */
};

/* How programs use the values of a map. */
enum map_habit {
	HABIT_ADDS = 1 << 0,	/* they add to a number in it */
	HABIT_MOMENT = 1 << 1,	/* a value begins with the time of day, or since boot */
	HABIT_DELETES = 1 << 2, /* they delete entries */
};

/* Each may be NULL. */
struct map_use_ops {
	void (*stack)(void *ctx, const struct stack_use *use);
	void (*record)(void *ctx, const struct record_use *use);
	void (*habit)(void *ctx, int map, enum map_habit habit);
};

/* maps: by instruction, the number of the map that it loads, -1: none. */
void map_use_find(const struct bpf_insn *insns, const int *maps, size_t count,
		  const struct map_use_ops *ops, void *ctx);

#endif
