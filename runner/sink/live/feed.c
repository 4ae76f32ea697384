// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/live/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include "base/bell.h"
#include "base/util.h"

#define NOTE_ROOM 96
#define FRESH_NS 2000000000ull /* viewers share a beginning up to this age */

/* Immutable; refs with the feed's lock. */
struct text {
	unsigned refs;
	uint64_t line; /* the number of lines published up to its end */
	size_t len;
	char bytes[];
};

struct texts {
	struct text **all;
	size_t count, room, bytes;
};

enum stage { AT_START, AT_BEGINNING, AT_RING };

struct viewer {
	struct feed *feed;
	struct viewer *next;
	struct viewer_ops ops;
	bool paused;
	enum stage stage;
	struct text *text; /* under way; has a reference */
	size_t off;
	uint64_t at;	    /* the next text, counted in the beginning or in all texts */
	uint64_t beginning; /* its number, at AT_BEGINNING */
	bool has_read;	    /* `line` is known */
	uint64_t line;	    /* it has read up to there */
	char note[NOTE_ROOM];
	size_t note_len;
};

struct feed {
	pthread_mutex_t lock;
	int bell_fd;
	bool closed;
	unsigned max_viewers, nviewers; /* nviewers is atomic, too */
	struct viewer *viewers;
	size_t ring_bytes;
	struct texts ring; /* from number `first` on */
	uint64_t first, lines, skipped;
	/* The beginning, and the one under construction; *_text, *_line: the next ones after it. */
	struct texts beginning, making;
	bool has_beginning; /* see is_continued() */
	uint64_t number, made_ns;
	uint64_t from_text, from_line, making_text, making_line;
};

static struct text *text_new(const char *bytes, size_t len)
{
	struct text *text = xmalloc(sizeof(*text) + len);

	*text = (struct text){ .refs = 1, .len = len };
	memcpy(text->bytes, bytes, len);
	return text;
}

static void text_unref(struct text *text)
{
	if (text && --text->refs == 0)
		free(text);
}

static void texts_add(struct texts *texts, struct text *text)
{
	if (texts->count == texts->room) {
		texts->room = texts->room ? 2 * texts->room : 16;
		texts->all = xreallocarray(texts->all, texts->room, sizeof(*texts->all));
	}
	texts->all[texts->count++] = text;
	texts->bytes += text->len;
}

static void texts_drop(struct texts *texts, size_t n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n; i++) {
		texts->bytes -= texts->all[i]->len;
		text_unref(texts->all[i]);
	}
	texts->count -= n;
	memmove(texts->all, texts->all + n, texts->count * sizeof(*texts->all));
}

static void texts_release(struct texts *texts)
{
	texts_drop(texts, texts->count);
	free(texts->all);
	*texts = (struct texts){ 0 };
}

struct feed *feed_new(size_t ring_bytes, unsigned max_viewers, int bell_fd)
{
	struct feed *feed = xcalloc(1, sizeof(*feed));

	feed->ring_bytes = ring_bytes;
	feed->max_viewers = max_viewers;
	feed->bell_fd = bell_fd;
	pthread_mutex_init(&feed->lock, NULL);
	return feed;
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	texts_release(&feed->ring);
	texts_release(&feed->beginning);
	texts_release(&feed->making);
	pthread_mutex_destroy(&feed->lock);
	free(feed);
}

void feed_limit(struct feed *feed, size_t ring_bytes)
{
	pthread_mutex_lock(&feed->lock);
	feed->ring_bytes = ring_bytes;
	pthread_mutex_unlock(&feed->lock);
}

/* --- publishing --- */

/* With the lock. There is a beginning, and the ring has all that follows it: a viewer that enters
 * it never comes back to the start before the ring drops more. */
static bool is_continued(const struct feed *feed)
{
	return feed->has_beginning && feed->from_text >= feed->first;
}

/* With the lock. */
static void resume_all(struct feed *feed)
{
	for (struct viewer *v = feed->viewers; v; v = v->next) {
		bool waits = v->stage == AT_START && !is_continued(feed) && !feed->closed;

		if (!v->paused || waits)
			continue;
		v->paused = false;
		v->ops.resume(v->ops.ctx);
	}
}

/* With the lock. A beginning that the ring does not continue any more is of no use. */
static void drop_beginning(struct feed *feed)
{
	texts_release(&feed->beginning);
	feed->has_beginning = false;
}

/* Drops a quarter of the ring at a time: moving the rest down is cheap then. */
static void make_room(struct feed *feed)
{
	size_t n = 0, bytes = feed->ring.bytes;

	if (bytes <= feed->ring_bytes)
		return;
	while (n < feed->ring.count && bytes > feed->ring_bytes / 4 * 3)
		bytes -= feed->ring.all[n++]->len;
	texts_drop(&feed->ring, n);
	feed->first += n;
	if (!is_continued(feed))
		drop_beginning(feed);
}

bool feed_is_watched(const struct feed *feed)
{
	return __atomic_load_n(&feed->nviewers, __ATOMIC_ACQUIRE) > 0;
}

void feed_put(struct feed *feed, const char *bytes, size_t len, uint64_t lines)
{
	struct text *text;

	if (!feed_is_watched(feed) || !len)
		return;
	text = text_new(bytes, len);
	pthread_mutex_lock(&feed->lock);
	text->line = feed->lines += lines;
	texts_add(&feed->ring, text);
	make_room(feed);
	resume_all(feed);
	pthread_mutex_unlock(&feed->lock);
}

bool feed_wants_beginning(struct feed *feed, uint64_t now_ns)
{
	bool reads = false, waits = false;

	if (!feed_is_watched(feed))
		return false;
	pthread_mutex_lock(&feed->lock);
	for (const struct viewer *v = feed->viewers; v; v = v->next) {
		reads |= v->stage == AT_BEGINNING;
		waits |= v->stage == AT_START;
	}
	if (feed->has_beginning && !reads && now_ns - feed->made_ns > FRESH_NS)
		drop_beginning(feed);
	waits &= !is_continued(feed);
	pthread_mutex_unlock(&feed->lock);
	return waits;
}

void feed_begin(struct feed *feed)
{
	pthread_mutex_lock(&feed->lock);
	texts_release(&feed->making);
	feed->making_text = feed->first + feed->ring.count;
	feed->making_line = feed->lines;
	pthread_mutex_unlock(&feed->lock);
}

/* Without the lock: no other thread uses `making`. */
void feed_put_beginning(struct feed *feed, const char *bytes, size_t len)
{
	if (len)
		texts_add(&feed->making, text_new(bytes, len));
}

/* Without viewers a beginning is dropped, since no text would follow it. */
void feed_end(struct feed *feed, uint64_t now_ns)
{
	pthread_mutex_lock(&feed->lock);
	drop_beginning(feed);
	if (feed->viewers) {
		feed->beginning = feed->making;
		feed->making = (struct texts){ 0 };
		feed->from_text = feed->making_text;
		feed->from_line = feed->making_line;
		feed->has_beginning = true;
		feed->number++;
		feed->made_ns = now_ns;
		resume_all(feed);
	}
	texts_release(&feed->making);
	pthread_mutex_unlock(&feed->lock);
}

void feed_close(struct feed *feed)
{
	pthread_mutex_lock(&feed->lock);
	feed->closed = true;
	resume_all(feed);
	pthread_mutex_unlock(&feed->lock);
}

struct feed_stats feed_stats(struct feed *feed)
{
	struct feed_stats stats;

	pthread_mutex_lock(&feed->lock);
	stats = (struct feed_stats){ feed->nviewers, feed->skipped, feed->ring.bytes,
				     feed->beginning.bytes };
	pthread_mutex_unlock(&feed->lock);
	return stats;
}

/* --- viewers --- */

struct viewer *viewer_new(struct feed *feed, const struct viewer_ops *ops)
{
	struct viewer *v = NULL;

	pthread_mutex_lock(&feed->lock);
	if (feed->nviewers < feed->max_viewers) {
		v = xcalloc(1, sizeof(*v));
		v->feed = feed;
		v->ops = *ops;
		v->next = feed->viewers;
		feed->viewers = v;
		__atomic_add_fetch(&feed->nviewers, 1, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&feed->lock);
	bell_ring(feed->bell_fd);
	return v;
}

void viewer_free(struct viewer *v)
{
	struct feed *feed;
	struct viewer **at;

	if (!v)
		return;
	feed = v->feed;
	pthread_mutex_lock(&feed->lock);
	for (at = &feed->viewers; *at != v; at = &(*at)->next)
		;
	*at = v->next;
	text_unref(v->text);
	/* Nothing is published without viewers, so the next one needs another beginning. */
	if (__atomic_sub_fetch(&feed->nviewers, 1, __ATOMIC_RELEASE) == 0) {
		drop_beginning(feed);
		feed->first += feed->ring.count;
		texts_release(&feed->ring);
	}
	pthread_mutex_unlock(&feed->lock);
	free(v);
}

static void take(struct viewer *v, const struct texts *texts, uint64_t first)
{
	v->text = texts->all[v->at++ - first];
	v->text->refs++;
	v->off = 0;
}

static void enter_beginning(struct viewer *v)
{
	struct feed *feed = v->feed;

	if (v->has_read) {
		uint64_t missed = feed->from_line - v->line;

		v->note_len = (size_t)snprintf(v->note, NOTE_ROOM,
					       "event: skipped\ndata: {\"lines\":%" PRIu64 "}\n\n",
					       missed);
		feed->skipped += missed;
	}
	v->stage = AT_BEGINNING;
	v->beginning = feed->number;
	v->at = 0;
	v->has_read = true;
	v->line = feed->from_line;
}

/* The next text, or the next stage. False: there is none yet. */
static bool step(struct viewer *v)
{
	struct feed *feed = v->feed;

	switch (v->stage) {
	case AT_START:
		if (!is_continued(feed))
			return false;
		enter_beginning(v);
		return true;
	case AT_BEGINNING:
		/* It was dropped because the ring does not continue it any more. */
		if (!is_continued(feed) || feed->number != v->beginning) {
			v->stage = AT_START;
		} else if (v->at < feed->beginning.count) {
			take(v, &feed->beginning, 0);
		} else {
			v->stage = AT_RING;
			v->at = feed->from_text;
		}
		return true;
	case AT_RING:
		if (v->at < feed->first) {
			v->stage = AT_START;
			return true;
		}
		if (v->at == feed->first + feed->ring.count)
			return false;
		take(v, &feed->ring, feed->first);
		v->line = v->text->line;
		return true;
	}
	return false;
}

/* Copies from the note or text under way. */
static size_t copy(struct viewer *v, char *dst, size_t max)
{
	const char *from = v->note_len ? v->note : v->text->bytes;
	size_t len = v->note_len ? v->note_len : v->text->len, n = MIN(max, len - v->off);

	memcpy(dst, from + v->off, n);
	v->off += n;
	if (v->off < len)
		return n;
	v->off = 0;
	if (v->note_len) {
		v->note_len = 0;
	} else {
		text_unref(v->text);
		v->text = NULL;
	}
	return n;
}

ssize_t viewer_read(struct viewer *v, char *dst, size_t max)
{
	struct feed *feed = v->feed;
	size_t done = 0;
	ssize_t ret;
	bool waits;

	pthread_mutex_lock(&feed->lock);
	do {
		while ((v->text || v->note_len) && done < max)
			done += copy(v, dst + done, max - done);
	} while (done < max && step(v));
	ret = (ssize_t)done;
	waits = !done && !feed->closed;
	if (waits) {
		v->paused = true;
		v->ops.pause(v->ops.ctx);
		ret = -EAGAIN;
	}
	waits &= v->stage == AT_START;
	pthread_mutex_unlock(&feed->lock);
	if (waits)
		bell_ring(feed->bell_fd);
	return ret;
}
