// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>

#include "base/util.h"

#define ALIGN 16
#define CHUNK_BYTES (16 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used;
	size_t cap;
	_Alignas(ALIGN) unsigned char data[];
};

static struct arena_chunk *chunk_new(size_t cap)
{
	struct arena_chunk *chunk;

	if (cap > SIZE_MAX - sizeof(*chunk))
		cap = SIZE_MAX - sizeof(*chunk); /* no such memory: ends in xcalloc */
	chunk = xcalloc(1, sizeof(*chunk) + cap);
	chunk->cap = cap;
	return chunk;
}

/* The newest chunk with room is first; one for a single large block goes behind it. */
void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - ALIGN)
		return xcalloc(SIZE_MAX, 2); /* out of memory by definition */
	bytes = bytes ? (bytes + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
	if (!chunk || bytes > chunk->cap - chunk->used) {
		bool large = bytes > CHUNK_BYTES / 4;

		chunk = chunk_new(large ? bytes : CHUNK_BYTES);
		if (large && arena->chunks) {
			chunk->next = arena->chunks->next;
			arena->chunks->next = chunk;
		} else {
			chunk->next = arena->chunks;
			arena->chunks = chunk;
		}
	}
	p = chunk->data + chunk->used;
	chunk->used += bytes;
	return p;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	size_t size;

	if (!text)
		return NULL;
	size = strlen(text) + 1;
	return memcpy(arena_alloc(arena, size, 1), text, size);
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap, again;
	char *text = NULL;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	text = arena_alloc(arena, len < 0 ? 1 : (size_t)len + 1, 1);
	if (len > 0)
		vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return text;
}

void arena_release(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		free(chunk);
	}
}
