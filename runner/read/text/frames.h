/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks as text: "outermost;...;innermost". A frame is
 *
 *	vfs_read+0x50			a function, and how far into it
 *	nft_do_chain+0x3 [nf_tables]	of a kernel module
 *	[libfoo.so.1]+0x1234		in a file, in none of its functions
 *	parse (inlined)			its code stands in the frame before it
 *	0x7f0012345678 [process ended]	nothing is known of it, and why
 *
 * Stacks are made from their innermost frame on; when the room ends it is outermost frames that are
 * missing, and a frame "..." stands for them.
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_FRAMES_H
#define BOMBUS_RUNNER_READ_TEXT_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAMES_CUT "..."

struct frames {
	char *text;
	size_t start, size; /* the text begins at start and ends, with a NUL, at size */
	bool cut;
};

/* The caller's room, of at least 16 bytes. */
void frames_begin(struct frames *frames, char *text, size_t size);
/* The next frame outwards. A semicolon in it becomes a colon. False: there is no more room. */
bool frames_add(struct frames *frames, const char *frame, size_t len);
/* Moves the text to the beginning of the room: its length. */
size_t frames_end(struct frames *frames);

/* The stack with its innermost frame first, for columns that are cut at their end: "inner < outer".
 * Writes at most FRAMES_ROOM(len) bytes; returns how many. */
#define FRAMES_ROOM(len) (3 * (len) + 1)
size_t frames_reverse(char *dst, const char *text, size_t len);
/* The next frame of a text, the outermost first, at *at; *at moves on. NULL: there is none. */
const char *frames_next(const char **at, size_t *ret_len);
/* The frame without what differs from one place in a function to another: offsets and addresses;
 * "[unknown]" where nothing is left. Writes at most len + 16 bytes; returns how many. */
size_t frame_plain(char *dst, const char *frame, size_t len);

#endif
