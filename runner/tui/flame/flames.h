/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stacks of a tab as flames, without a terminal: the rows that the tab shows, filtered, at the
 * moment that it shows, added up by frame (runner/sink/flame/flame_tree.h). A row of series has its
 * first value; a record counts 1.
 *
 * One frame is chosen, and one is the focus: what is drawn is the focus, as wide as everything, the
 * frames around it, and the frames below it. Turned round, stacks begin with their innermost
 * frames, so that the callers of a function stand below it.
 */
#ifndef BOMBUS_RUNNER_TUI_FLAME_FLAMES_H
#define BOMBUS_RUNNER_TUI_FLAME_FLAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flames;
struct model;

/* Of the current tab; the model is borrowed, and the tab until flames_update() returns false. NULL:
 * the tab has no stacks that count. */
struct flames *flames_new(struct model *model);
void flames_free(struct flames *flames); /* takes NULL */
/* Whether flames_new() finds some. */
bool flames_fit(struct model *model);
/* Reads the rows again. False: another tab is the current one, or its source has ended. */
bool flames_update(struct flames *flames);

enum flames_op {
	FLAMES_OUT,  /* chooses the frame around the chosen one */
	FLAMES_IN,   /* the widest frame in it */
	FLAMES_LEFT, /* the frames beside it */
	FLAMES_RIGHT,
	FLAMES_FOCUS, /* the chosen frame becomes the focus */
	FLAMES_WIDER, /* the focus becomes the one around it */
	FLAMES_ALL,   /* the root is the focus */
	FLAMES_TURN,
	FLAMES_COMPARE, /* with the marked moment, or no longer */
	FLAMES_NEXT,	/* the next frame that is found */
	FLAMES_PREVIOUS,
};
/* False: no effect. */
bool flames_do(struct flames *flames, enum flames_op op);

/* Marks the frames that the regular expression matches; "": none. False, with the reason. */
bool flames_search(struct flames *flames, const char *pattern, char *why, size_t room);
const char *flames_pattern(const struct flames *flames);

/* A frame that is seen. */
struct flames_frame {
	const char *name;   /* clean */
	double left, right; /* of 1 */
	uint32_t depth;	    /* of the root 0 */
	uint8_t kind;	    /* enum flame_kind */
	bool chosen, found;
	bool around;   /* the focus is in it */
	double change; /* of its part of everything, since the marked moment; 0 without one */
};
/* Calls fn for each frame at least so wide, parents first. */
void flames_each(struct flames *flames, double least,
		 void (*fn)(void *ctx, const struct flames_frame *frame), void *ctx);

/* The chosen frame, and what is found. */
struct flames_status {
	const char *name;
	const char *unit;		     /* "samples", "us" */
	double value, self, part, part_self; /* parts of everything */
	double change;			     /* of the part */
	uint32_t depth;
	bool turned, compared;
	bool searched;
	double found; /* the part of everything that is in frames that are found */
};
void flames_status(struct flames *flames, struct flames_status *ret);

#endif
