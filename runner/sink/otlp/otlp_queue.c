// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <time.h>
#include "base/clock.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_queue.h"
#include "runner/sink/otlp/otlp_split.h"

/* Requests that are full by their bytes before they are by their items. */
#define SCOPE_ATTRIBUTES OTLP_KEY(3, "attributes")
#define SLOTS_BY_BYTES (OTLP_QUEUE_MAX_BYTES / OTLP_REQUEST_BYTES)
/* Buffers that wait for the next request, so that a steady flow allocates nothing. */
#define SPARES 4
/* Slots for halves of requests that were too large; each split takes one. */
#define SPLIT_SLOTS 32
/* Requests are not filled less than this, however small a receiver wants them. */
#define MIN_REQUEST_BYTES 4096u

struct slot {
	struct otlp_request request;
	uint64_t first_ns;     /* its first item */
	uint64_t first_try_ns; /* 0: never handed out */
	size_t counted_bytes;  /* in queued_bytes */
	bool sealed;
};

struct otlp_queue {
	struct otlp_queue_opts opts;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* the sender waits */
	pthread_cond_t room;	/* the writer waits */
	struct slot *ring;
	size_t nslots, head, count;
	struct strbuf spares[SPARES];
	size_t nspares;
	/* The request that is being filled: the last one, unless it is sealed. */
	struct otlp_writer writer;
	bool in_group, own;
	uint64_t origin;
	size_t resource, scope, item; /* open messages */
	size_t item_start;
	size_t full_bytes; /* a request of so many is sent */
	/* How the other side does. */
	bool parked, closed;
	bool failing;		/* the last try failed */
	uint64_t full_since_ns; /* 0: there was room since */
	struct otlp_counts counts;
};

struct otlp_queue *otlp_queue_new(const struct otlp_queue_opts *opts)
{
	struct otlp_queue *queue = xcalloc(1, sizeof(*queue));
	uint64_t by_items = opts->max_items == UINT64_MAX
				    ? 0
				    : opts->max_items / MAX(opts->max_batch, (uint64_t)1);
	pthread_condattr_t attr;

	queue->opts = *opts;
	queue->nslots = (size_t)by_items + SLOTS_BY_BYTES + 2 + SPLIT_SLOTS;
	queue->full_bytes = OTLP_REQUEST_BYTES;
	queue->ring = xcalloc(queue->nslots, sizeof(*queue->ring));
	pthread_mutex_init(&queue->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->changed, &attr);
	pthread_cond_init(&queue->room, &attr);
	pthread_condattr_destroy(&attr);
	return queue;
}

void otlp_queue_free(struct otlp_queue *queue)
{
	if (!queue)
		return;
	for (size_t i = 0; i < queue->nslots; i++)
		strbuf_release(&queue->ring[i].request.body);
	for (size_t i = 0; i < queue->nspares; i++)
		strbuf_release(&queue->spares[i]);
	pthread_cond_destroy(&queue->changed);
	pthread_cond_destroy(&queue->room);
	pthread_mutex_destroy(&queue->lock);
	free(queue->ring);
	free(queue);
}

static void lock(struct otlp_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
}

static void unlock(struct otlp_queue *queue)
{
	pthread_mutex_unlock(&queue->lock);
}

static void sleep_until(struct otlp_queue *queue, pthread_cond_t *cond, uint64_t until_ns)
{
	struct timespec when = { .tv_sec = (time_t)(until_ns / 1000000000),
				 .tv_nsec = (long)(until_ns % 1000000000) };

	if (until_ns == UINT64_MAX)
		pthread_cond_wait(cond, &queue->lock);
	else
		pthread_cond_timedwait(cond, &queue->lock, &when);
}

static struct slot *first(struct otlp_queue *queue)
{
	return &queue->ring[queue->head];
}

static struct slot *last(struct otlp_queue *queue)
{
	return &queue->ring[(queue->head + queue->count - 1) % queue->nslots];
}

static bool is_filling(struct otlp_queue *queue)
{
	return queue->count && !last(queue)->sealed;
}

/* --- the request that is being filled --------------------------------------------------------- */

static void begin_request(struct otlp_queue *queue)
{
	struct slot *slot;

	queue->count++;
	slot = last(queue);
	*slot = (struct slot){ 0 };
	if (queue->nspares)
		slot->request.body = queue->spares[--queue->nspares];
	slot->request.body.max = OTLP_REQUEST_MAX_BYTES;
	slot->request.is_own = true;
	for (size_t i = 0; i < queue->opts.prefix_bytes; i++)
		strbuf_addc(&slot->request.body, '\0');
	queue->writer = (struct otlp_writer){ &slot->request.body, queue->opts.json };
	otlp_document(&queue->writer);
	otlp_list(&queue->writer, OTLP_KEY(1, queue->opts.shape->resources));
	queue->in_group = false;
}

static void open_group(struct otlp_queue *queue, const struct otlp_origin *origin)
{
	struct otlp_writer *w = &queue->writer;
	size_t scope;

	queue->resource = otlp_item(w, OTLP_KEY(1, NULL));
	otlp_raw(w, origin->resource, origin->resource_bytes);
	otlp_list(w, OTLP_KEY(2, queue->opts.shape->scopes));
	queue->scope = otlp_item(w, OTLP_KEY(2, NULL));
	scope = otlp_message(w, OTLP_KEY(1, "scope"));
	otlp_string(w, OTLP_KEY(1, "name"), "bombus", strlen("bombus"));
	otlp_string(w, OTLP_KEY(2, "version"), BOMBUS_VERSION, strlen(BOMBUS_VERSION));
	if (origin->program) {
		otlp_list(w, SCOPE_ATTRIBUTES);
		otlp_attr_text(w, SCOPE_ATTRIBUTES.number, "bombus.program", origin->program);
		otlp_list_end(w);
	}
	otlp_end(w, scope);
	otlp_list(w, OTLP_KEY(2, queue->opts.shape->items));
	queue->origin = origin->id;
	queue->in_group = true;
}

static void close_group(struct otlp_queue *queue)
{
	if (!queue->in_group)
		return;
	otlp_list_end(&queue->writer);
	otlp_end(&queue->writer, queue->scope);
	otlp_list_end(&queue->writer);
	otlp_end(&queue->writer, queue->resource);
	queue->in_group = false;
}

static void recount(struct otlp_queue *queue)
{
	struct slot *slot = last(queue);

	queue->counts.queued_bytes += slot->request.body.len - slot->counted_bytes;
	slot->counted_bytes = slot->request.body.len;
}

static void seal(struct otlp_queue *queue)
{
	struct slot *slot = last(queue);

	/* The closing brackets have room beyond what items may take. */
	slot->request.body.max = OTLP_REQUEST_MAX_BYTES + 1024;
	close_group(queue);
	otlp_list_end(&queue->writer);
	otlp_end(&queue->writer, 0);
	slot->sealed = true;
	recount(queue);
	pthread_cond_signal(&queue->changed);
}

static void keep_spare(struct otlp_queue *queue, struct strbuf body)
{
	if (queue->nspares < SPARES) {
		strbuf_reset(&body);
		queue->spares[queue->nspares++] = body;
	} else {
		strbuf_release(&body);
	}
}

/* The first request is over, whatever came of it. */
static void release_first(struct otlp_queue *queue)
{
	struct slot *slot = first(queue);

	queue->counts.queued -= slot->request.items;
	queue->counts.queued_bytes -= slot->counted_bytes;
	keep_spare(queue, slot->request.body);
	*slot = (struct slot){ 0 };
	queue->head = (queue->head + 1) % queue->nslots;
	queue->count--;
	queue->full_since_ns = 0;
	pthread_cond_signal(&queue->room);
}

/* --- writing --------------------------------------------------------------------------------- */

static bool has_room(struct otlp_queue *queue)
{
	return queue->counts.queued < queue->opts.max_items &&
	       queue->counts.queued_bytes < OTLP_QUEUE_MAX_BYTES &&
	       (is_filling(queue) || queue->count + SPLIT_SLOTS < queue->nslots);
}

/* A request that was tried for long enough makes room for new items. */
static bool give_first_up(struct otlp_queue *queue, uint64_t now_ns)
{
	struct slot *slot = first(queue);

	if (!queue->parked || !queue->opts.give_up_ns ||
	    now_ns - slot->first_try_ns < queue->opts.give_up_ns)
		return false;
	queue->counts.dropped[OTLP_DROP_TIMEOUT] += slot->request.items;
	release_first(queue);
	queue->parked = false;
	pthread_cond_signal(&queue->changed);
	return true;
}

/* Waits as long as it is worth it. */
static bool wait_for_room(struct otlp_queue *queue)
{
	while (!has_room(queue)) {
		uint64_t now_ns = now_mono_ns();

		if (!queue->full_since_ns)
			queue->full_since_ns = now_ns;
		if (give_first_up(queue, now_ns))
			continue;
		if (queue->failing || queue->closed ||
		    now_ns - queue->full_since_ns >= OTLP_PATIENCE_NS)
			return false;
		sleep_until(queue, &queue->room, queue->full_since_ns + OTLP_PATIENCE_NS);
	}
	return true;
}

struct otlp_writer *otlp_queue_item(struct otlp_queue *queue, const struct otlp_origin *origin)
{
	lock(queue);
	if (unlikely(!has_room(queue)) && !wait_for_room(queue)) {
		queue->counts.put++;
		queue->counts.dropped[OTLP_DROP_QUEUE_FULL]++;
		unlock(queue);
		return NULL;
	}
	if (!is_filling(queue))
		begin_request(queue);
	if (queue->in_group && queue->origin != origin->id)
		close_group(queue);
	if (!queue->in_group)
		open_group(queue, origin);
	queue->item_start = queue->writer.out->len;
	queue->item = otlp_item(&queue->writer, OTLP_KEY(2, NULL));
	return &queue->writer;
}

/* Takes the item back; without it the request may be one of none. */
static void undo_item(struct otlp_queue *queue)
{
	struct slot *slot = last(queue);
	struct strbuf *body = &slot->request.body;

	body->full = false;
	body->len = MIN(queue->item_start, body->len);
	strbuf_advance(body, 0);
	if (slot->request.items)
		return;
	strbuf_release(body);
	*slot = (struct slot){ 0 };
	queue->count--;
}

void otlp_queue_item_end_as(struct otlp_queue *queue, uint64_t weight)
{
	struct slot *slot = last(queue);
	struct strbuf *body = &slot->request.body;

	otlp_end(&queue->writer, queue->item);
	queue->counts.put += weight;
	if (unlikely(body->full)) {
		queue->counts.dropped[OTLP_DROP_TOO_LARGE] += weight;
		undo_item(queue);
	} else {
		queue->counts.queued += weight;
		recount(queue);
		if (!slot->request.items) {
			slot->first_ns = now_mono_ns();
			pthread_cond_signal(&queue->changed);
		}
		slot->request.items += weight;
		slot->request.is_own &= queue->own;
		if (slot->request.items >= queue->opts.max_batch || body->len >= queue->full_bytes)
			seal(queue);
	}
	unlock(queue);
}

void otlp_queue_item_end(struct otlp_queue *queue)
{
	otlp_queue_item_end_as(queue, 1);
}

void otlp_queue_write_own(struct otlp_queue *queue, bool own)
{
	lock(queue);
	queue->own = own;
	unlock(queue);
}

void otlp_queue_close(struct otlp_queue *queue)
{
	lock(queue);
	queue->closed = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_cond_broadcast(&queue->room);
	unlock(queue);
}

/* --- sending --------------------------------------------------------------------------------- */

/* When the first request is to be sent; UINT64_MAX: there is none. */
static uint64_t due_ns(struct otlp_queue *queue)
{
	struct slot *slot = first(queue);

	if (!queue->count)
		return UINT64_MAX;
	return slot->sealed || queue->closed ? 0 : slot->first_ns + queue->opts.delay_ns;
}

enum otlp_wait otlp_queue_wait(struct otlp_queue *queue, uint64_t until_ns,
			       struct otlp_request **ret)
{
	enum otlp_wait result = OTLP_WAIT_REQUEST;
	struct slot *slot;
	uint64_t now_ns;

	lock(queue);
	for (;;) {
		now_ns = now_mono_ns();
		if (due_ns(queue) <= now_ns || queue->closed || until_ns <= now_ns)
			break;
		sleep_until(queue, &queue->changed, MIN(due_ns(queue), until_ns));
	}
	if (due_ns(queue) <= now_ns) {
		slot = first(queue);
		if (!slot->sealed)
			seal(queue);
		if (!slot->first_try_ns)
			slot->first_try_ns = now_ns;
		*ret = &slot->request;
	} else {
		result = queue->closed ? OTLP_WAIT_END : OTLP_WAIT_TIME;
	}
	unlock(queue);
	return result;
}

bool otlp_queue_is_empty(struct otlp_queue *queue)
{
	bool empty;

	lock(queue);
	empty = queue->count == 0;
	unlock(queue);
	return empty;
}

void otlp_queue_done(struct otlp_queue *queue, uint64_t sent, enum otlp_drop reason)
{
	struct slot *slot;

	lock(queue);
	slot = first(queue);
	sent = MIN(sent, slot->request.items);
	queue->counts.sent += sent;
	queue->counts.dropped[reason] += slot->request.items - sent;
	queue->counts.requests += sent > 0;
	queue->failing = false;
	release_first(queue);
	unlock(queue);
}

/* The first request's halves take its place. */
static void put_halves(struct otlp_queue *queue, const struct strbuf halves[2],
		       uint64_t first_items)
{
	struct slot *slot = first(queue), old = *slot;

	queue->counts.splits++;
	queue->counts.queued_bytes -= old.counted_bytes;
	queue->full_bytes =
		MAX(MIN(queue->full_bytes, old.request.body.len / 2), (size_t)MIN_REQUEST_BYTES);
	queue->head = (queue->head + queue->nslots - 1) % queue->nslots;
	queue->count++;
	for (int i = 0; i < 2; i++) {
		struct slot *half = i ? slot : first(queue);

		*half = old;
		half->request.body = halves[i];
		half->request.items = i ? old.request.items - first_items : first_items;
		half->counted_bytes = halves[i].len;
		queue->counts.queued_bytes += halves[i].len;
	}
	keep_spare(queue, old.request.body);
}

bool otlp_queue_split(struct otlp_queue *queue)
{
	const struct otlp_queue_opts *opts = &queue->opts;
	const struct strbuf *body = &first(queue)->request.body;
	struct strbuf halves[] = { STRBUF_INIT(body->max), STRBUF_INIT(body->max) };
	uint64_t first_items;
	bool done;

	/* Only the thread that sends touches a request that was handed out. */
	done = otlp_split(opts->shape, opts->json, opts->prefix_bytes, body, halves, &first_items);
	lock(queue);
	done = done && !halves[0].full && !halves[1].full && queue->count < queue->nslots;
	if (done)
		put_halves(queue, halves, first_items);
	unlock(queue);
	if (done)
		return true;
	for (int i = 0; i < 2; i++)
		strbuf_release(&halves[i]);
	otlp_queue_done(queue, 0, OTLP_DROP_TOO_LARGE);
	return false;
}

bool otlp_queue_park(struct otlp_queue *queue, uint64_t until_ns)
{
	bool closed, stays;

	lock(queue);
	closed = queue->closed;
	queue->parked = queue->failing = true;
	queue->counts.retries++;
	/* A writer that waits for room stops waiting. */
	pthread_cond_signal(&queue->room);
	while (queue->parked && queue->closed == closed && now_mono_ns() < until_ns)
		sleep_until(queue, &queue->changed, until_ns);
	stays = queue->parked;
	queue->parked = false;
	unlock(queue);
	return stays;
}

void otlp_queue_abandon(struct otlp_queue *queue)
{
	lock(queue);
	if (is_filling(queue))
		seal(queue);
	while (queue->count) {
		queue->counts.dropped[OTLP_DROP_UNSENT] += first(queue)->request.items;
		release_first(queue);
	}
	queue->closed = true;
	unlock(queue);
}

struct otlp_counts otlp_queue_counts(struct otlp_queue *queue)
{
	struct otlp_counts counts;

	lock(queue);
	counts = queue->counts;
	unlock(queue);
	return counts;
}

const char *otlp_queue_signal(const struct otlp_queue *queue)
{
	return queue->opts.shape->signal;
}
