/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that many viewers read: one thread publishes, each viewer reads at its own pace, in the
 * server's thread. A text is made once and shared; the last `ring_bytes` of them are kept.
 *
 * A viewer first reads a beginning: the whole state at one moment, as a list of texts. The
 * publisher makes one when a viewer waits for it, and viewers that come soon after share it. Then a
 * viewer reads each text that was published since that moment, in order and without a gap. A viewer
 * is skipped forward when it is so slow that the ring has dropped its next text: it reads a note
 * with the number of lines that it missed, and a new beginning.
 *
 * The publisher never waits for a viewer. Memory is bounded: the ring, one beginning, and a text
 * for each viewer.
 */
#ifndef BOMBUS_RUNNER_SINK_LIVE_FEED_H
#define BOMBUS_RUNNER_SINK_LIVE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct feed;
struct viewer;

/* bell_fd is rung when a viewer comes, and when one waits for a beginning. */
struct feed *feed_new(size_t ring_bytes, unsigned max_viewers, int bell_fd);
void feed_free(struct feed *feed); /* when all viewers are freed; NULL is fine */
void feed_limit(struct feed *feed, size_t ring_bytes);

/* --- the thread that publishes --- */

/* Cheap; any thread. False: there is no viewer to publish for. */
bool feed_is_watched(const struct feed *feed);
/* Copies a whole event, of `lines` lines of data. */
void feed_put(struct feed *feed, const char *text, size_t len, uint64_t lines);

/* Whether a viewer waits for a beginning. Drops one that is two seconds old and that no viewer
 * reads. */
bool feed_wants_beginning(struct feed *feed, uint64_t now_ns);
/* Texts until feed_end() are a beginning; texts of feed_put() from now on follow it. */
void feed_begin(struct feed *feed);
void feed_put_beginning(struct feed *feed, const char *text, size_t len);
void feed_end(struct feed *feed, uint64_t now_ns);

/* Any thread. Viewers read the rest, and then the end. */
void feed_close(struct feed *feed);

/* --- viewers, in the server's thread --- */

struct viewer_ops {
	void (*pause)(void *ctx);  /* in viewer_read() */
	void (*resume)(void *ctx); /* any thread: there is something to read */
	void *ctx;
};

/* NULL: there are too many. ops->ctx is borrowed. */
struct viewer *viewer_new(struct feed *feed, const struct viewer_ops *ops);
void viewer_free(struct viewer *viewer);
/* The number of bytes; 0: the feed was closed; -EAGAIN: pause() was called, nothing to read. */
ssize_t viewer_read(struct viewer *viewer, char *dst, size_t max);

struct feed_stats {
	unsigned viewers;
	uint64_t skipped; /* lines that viewers missed, all together */
	size_t ring_bytes, beginning_bytes;
};
struct feed_stats feed_stats(struct feed *feed);

#endif
