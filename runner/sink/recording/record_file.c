// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/recording/record_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <zlib.h>

#include "base/err.h"
#include "base/thread.h"
#include "base/util.h"

#define BLOCKS 64u /* 16 MiB: a disk that is busy for a moment. Pages come into being when used */
#define BLOCK_BYTES (256u << 10)
#define BUSY_BLOCKS 4u /* when more of them wait, there is no time for zlib */

struct block {
	uint8_t *bytes;
	size_t len, cap;
};

struct record_file {
	struct out out;
	bool wait, started;
	uint8_t version;
	struct new_file *name; /* NULL: it has one */
	struct block blocks[BLOCKS];
	_Atomic uint64_t filled, written; /* blocks, ever */
	bool has_block;			  /* blocks[filled % BLOCKS] is being filled */
	uint8_t *packed;		  /* of the writer */
	size_t packed_cap;
	_Atomic uint64_t bytes;
	_Atomic int error;
	_Atomic bool closing;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, room;
};

struct record_file *record_file_new(int fd, bool wait, uint8_t version)
{
	struct record_file *f = xcalloc(1, sizeof(*f));

	out_init(&f->out, fd);
	f->wait = wait;
	f->version = version;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->work, NULL);
	pthread_cond_init(&f->room, NULL);
	return f;
}

void record_file_free(struct record_file *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < BLOCKS; i++)
		free(f->blocks[i].bytes);
	free(f->packed);
	out_release(&f->out);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->work);
	pthread_cond_destroy(&f->room);
	free(f);
}

/* Compressed where it pays; level 0: as it is. */
static const void *pack(struct record_file *f, const void *bytes, size_t len, int level,
			struct block_header *header)
{
	uLongf packed = compressBound(len);

	header->stored_bytes = header->raw_bytes = (uint32_t)len;
	if (!level || !len)
		return bytes;
	if (f->packed_cap < packed) {
		free(f->packed);
		f->packed = xmalloc(packed);
		f->packed_cap = packed;
	}
	if (compress2(f->packed, &packed, bytes, len, level) != Z_OK || packed > len - len / 8 ||
	    len / RECORDING_MAX_RATIO > packed)
		return bytes;
	header->flags = BLOCK_DEFLATED;
	header->stored_bytes = (uint32_t)packed;
	return f->packed;
}

static int write_block(struct record_file *f, enum block_kind kind, const void *bytes, size_t len,
		       int level)
{
	struct block_header header = { .kind = (uint8_t)kind };
	const void *stored = pack(f, bytes, len, level, &header);
	uint8_t head[BLOCK_HEADER_BYTES];
	int ret;

	block_header_put(head, &header, stored);
	out_add(&f->out, head, sizeof(head));
	out_add(&f->out, stored, header.stored_bytes);
	ret = out_flush(&f->out);
	if (ret == 0)
		f->bytes += sizeof(head) + header.stored_bytes;
	return ret;
}

int record_file_put(struct record_file *f, enum block_kind kind, const void *bytes, size_t len)
{
	uint8_t start[RECORDING_START_BYTES];

	if (!f->bytes) {
		recording_start(start, f->version);
		out_add(&f->out, start, sizeof(start));
		f->bytes = sizeof(start);
	}
	return write_block(f, kind, bytes, len, Z_DEFAULT_COMPRESSION);
}

static uint64_t waiting(const struct record_file *f)
{
	return f->filled - f->written;
}

/* The next block that is full; NULL: there will be none any more. */
static struct block *next_full(struct record_file *f)
{
	pthread_mutex_lock(&f->lock);
	while (!waiting(f) && !f->closing)
		pthread_cond_wait(&f->work, &f->lock);
	pthread_mutex_unlock(&f->lock);
	return waiting(f) ? &f->blocks[f->written % BLOCKS] : NULL;
}

void record_file_set_name(struct record_file *f, struct new_file *name)
{
	f->name = name;
}

static void *write_blocks(void *arg)
{
	struct record_file *f = arg;
	struct block *block;
	int ret = 0;

	while ((block = next_full(f))) {
		if (!ret && f->name)
			ret = new_file_commit(f->name);
		if (!ret)
			ret = write_block(f, BLOCK_DATA, block->bytes, block->len,
					  waiting(f) > BUSY_BLOCKS ? 0 : Z_BEST_SPEED);
		pthread_mutex_lock(&f->lock);
		f->error = ret;
		f->written++;
		pthread_cond_signal(&f->room);
		pthread_mutex_unlock(&f->lock);
	}
	if (!ret && f->name)
		ret = new_file_commit(f->name);
	if (!ret)
		ret = write_block(f, BLOCK_END, "", 0, 0);
	f->error = ret;
	return NULL;
}

int record_file_start(struct record_file *f, struct err *err)
{
	int ret = thread_start(&f->thread, "record-file", write_blocks, f, err);

	f->started = ret == 0;
	return ret;
}

static bool take_block(struct record_file *f)
{
	struct block *block = &f->blocks[f->filled % BLOCKS];

	if (waiting(f) == BLOCKS && f->wait) {
		pthread_mutex_lock(&f->lock);
		while (waiting(f) == BLOCKS && !f->error)
			pthread_cond_wait(&f->room, &f->lock);
		pthread_mutex_unlock(&f->lock);
	}
	if (waiting(f) == BLOCKS)
		return false;
	if (block->cap > BLOCK_BYTES) { /* a single large item: not for ever */
		free(block->bytes);
		*block = (struct block){ 0 };
	}
	if (!block->bytes) {
		block->bytes = xmalloc(BLOCK_BYTES);
		block->cap = BLOCK_BYTES;
	}
	block->len = 0;
	f->has_block = true;
	return true;
}

uint8_t *record_file_room(struct record_file *f, size_t bytes)
{
	struct block *block = &f->blocks[f->filled % BLOCKS];

	if (likely(f->has_block && block->cap - block->len >= bytes))
		return block->bytes + block->len;
	if (bytes > RECORDING_MAX_BLOCK || f->error)
		return NULL;
	record_file_submit(f);
	if (!f->has_block && !take_block(f))
		return NULL;
	block = &f->blocks[f->filled % BLOCKS];
	if (block->cap < bytes) {
		block->bytes = xreallocarray(block->bytes, 1, bytes);
		block->cap = bytes;
	}
	return block->bytes + block->len;
}

void record_file_advance(struct record_file *f, const uint8_t *end)
{
	struct block *block = &f->blocks[f->filled % BLOCKS];

	block->len = (size_t)(end - block->bytes);
}

size_t record_file_pending(const struct record_file *f)
{
	return f->has_block ? f->blocks[f->filled % BLOCKS].len : 0;
}

void record_file_submit(struct record_file *f)
{
	if (!record_file_pending(f))
		return;
	f->has_block = false;
	pthread_mutex_lock(&f->lock);
	f->filled++;
	pthread_cond_signal(&f->work);
	pthread_mutex_unlock(&f->lock);
}

int record_file_error(const struct record_file *f)
{
	return f->error;
}

uint64_t record_file_bytes(const struct record_file *f)
{
	return f->bytes;
}

void record_file_end(struct record_file *f, int timeout_ms)
{
	if (!f->started)
		return;
	f->started = false;
	record_file_submit(f);
	pthread_mutex_lock(&f->lock);
	f->closing = true;
	pthread_cond_signal(&f->work);
	pthread_mutex_unlock(&f->lock);
	if (thread_join_within(f->thread, timeout_ms))
		return;
	out_cancel(&f->out);
	pthread_join(f->thread, NULL);
}

struct out *record_file_out(struct record_file *f)
{
	return &f->out;
}
