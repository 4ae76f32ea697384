/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A buffered writer on a descriptor that somebody else owns. One thread writes; any thread may
 * ask whether the reader has left and may cancel.
 *
 * Invariants: len <= cap; what is in the buffer is not written yet. The first failure stays:
 * from then on everything is thrown away (whole lines are counted), so that a caller formats on
 * and looks at the result of out_flush() only.
 *
 * A write never raises SIGPIPE, whatever the descriptor is, and never blocks in a way that
 * out_cancel() could not end, except on regular files.
 */
#ifndef BOMBUS_RUNNER_SINK_OUT_H
#define BOMBUS_RUNNER_SINK_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUT_BATCH_BYTES (64u << 10) /* out_pace() flushes from here on */

/* Gets whole lines in place of a descriptor. Returns 0 or -errno. */
typedef int (*out_take)(void *ctx, const char *bytes, size_t len);

enum out_kind { OUT_FILE, OUT_PIPE, OUT_SOCKET };

struct out {
	char *buf;
	size_t len, cap;
	enum out_kind kind;
	int fd;		/* borrowed */
	int private_fd; /* the same pipe or terminal, opened once more without blocking; -1: none */
	int cancel_fd;	/* eventfd; -1 where there are no descriptors left */
	out_take take;	/* NULL: fd is written to */
	void *ctx;	/* of take */
	bool cancelled; /* atomic */
	int error;	/* first failure, -errno; 0: none */
	uint64_t unwritten_lines; /* lines thrown away after the failure */
};

void out_init(struct out *out, int fd);
/* Before anything is written. The descriptor is -1. */
static inline void out_give(struct out *out, out_take take, void *ctx)
{
	out->take = take;
	out->ctx = ctx;
}
void out_release(struct out *out); /* does not flush, does not close fd */

char *out_grow(struct out *out, size_t more);

/* Room for `more` bytes, to be written directly and then given to out_advance(). Never NULL. */
static inline char *out_reserve(struct out *out, size_t more)
{
	if (__builtin_expect(out->cap - out->len >= more, 1))
		return out->buf + out->len;
	return out_grow(out, more);
}
static inline void out_advance(struct out *out, size_t used)
{
	out->len += used;
}
void out_add(struct out *out, const void *bytes, size_t len);
void out_adds(struct out *out, const char *text);

/* Writes everything. 0, or the first failure: -EPIPE (the reader left), -ECANCELED, -EIO, ... */
int out_flush(struct out *out);

/* After a record: flushes when enough has come together. */
static inline int out_pace(struct out *out)
{
	return __builtin_expect(out->len >= OUT_BATCH_BYTES, 0) ? out_flush(out) : out->error;
}

/* Nobody will ever read what is written. Always false for files. Any thread. */
bool out_reader_left(const struct out *out);
/* The reader can leave at all: a pipe, a socket, a terminal. */
bool out_has_reader(const struct out *out);
/* Ends a write that waits, and all later ones, with -ECANCELED. Any thread. */
void out_cancel(struct out *out);

#endif
