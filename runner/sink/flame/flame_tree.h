/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks with values, added up from the outermost frame on. Node 0 is the root; a node has a larger
 * number than its parent. Bounded: FLAME_MAX_NODES and FLAME_MAX_NAMES_BYTES; what does not fit
 * counts in the last node that there is room for, and `cut` says how often.
 */
#ifndef BOMBUS_RUNNER_SINK_FLAME_FLAME_TREE_H
#define BOMBUS_RUNNER_SINK_FLAME_FLAME_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/id_map.h"

#define FLAME_MAX_NODES (2u << 20)
#define FLAME_MAX_NAMES_BYTES (128u << 20)

enum flame_kind {
	FLAME_GROUP,   /* a program, a map */
	FLAME_PROCESS, /* its name */
	FLAME_USER,
	FLAME_KERNEL,
	FLAME_NONE, /* the reason why there is no name, or no stack */
};

struct flame_node {
	uint32_t parent, name; /* a number for flame_name() */
	uint32_t child, next;  /* 0: none */
	uint32_t depth;	       /* of the root 0 */
	uint8_t kind;	       /* enum flame_kind */
	double self, total;    /* total: after flame_sum() */
};

struct flame_tree {
	struct flame_node *nodes;
	uint32_t count, room;
	struct id_map children; /* by parent and name */
	struct id_map by_hash;	/* names */
	uint32_t *names;	/* where each begins in bytes */
	uint32_t nnames, names_room;
	char *bytes;
	uint32_t nbytes, bytes_room;
	uint64_t cut;
};

void flame_init(struct flame_tree *tree);
void flame_release(struct flame_tree *tree);

/* The child of this name, made where it is new; `parent` itself where there is no room. Names
 * become safe to show (base/utf8.h), and a semicolon a colon. */
uint32_t flame_child(struct flame_tree *tree, uint32_t parent, const char *name, size_t len,
		     enum flame_kind kind);
static inline void flame_add(struct flame_tree *tree, uint32_t node, double value)
{
	tree->nodes[node].self += value;
}
static inline const char *flame_name(const struct flame_tree *tree, uint32_t node)
{
	return tree->bytes + tree->names[tree->nodes[node].name];
}

/*
 * Adds the frames of a stack as runner/read/text/frames.h writes it, without their offsets, below
 * `parent`: the innermost one's node. Frames without a name that follow each other in one file, or
 * for one reason, are one.
 */
uint32_t flame_stack(struct flame_tree *tree, uint32_t parent, const char *stack,
		     enum flame_kind kind);

/* Fills in the totals, and orders children by their names. */
void flame_sum(struct flame_tree *tree);

#endif
