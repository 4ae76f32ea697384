/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given back all at once. Pointers stay valid until arena_release().
 * Everything is aligned to 16 bytes and zeroed. A zeroed struct arena is ready for use.
 */
#ifndef BOMBUS_BASE_ARENA_H
#define BOMBUS_BASE_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_chunk *chunks;
};

void *arena_alloc(struct arena *arena, size_t count, size_t size);
char *arena_strdup(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_release(struct arena *arena);

#define arena_new(arena, type) ((type *)arena_alloc((arena), 1, sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc((arena), (count), sizeof(type)))

#endif
