/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Untrusted bytes. Every read goes through span_at(), which checks the bounds; nothing else
 * does arithmetic on the pointer.
 */
#ifndef BOMBUS_BASE_SPAN_H
#define BOMBUS_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *ptr;
	size_t len;
};

static inline struct span span_of(const void *ptr, size_t len)
{
	return (struct span){ ptr, len };
}

/* The `len` bytes at `off`, or NULL where they are not all inside. */
static inline const void *span_at(struct span s, size_t off, size_t len)
{
	if (off > s.len || len > s.len - off)
		return NULL;
	return s.ptr + off;
}

/* Copies a value of fixed size out, aligned or not. */
static inline bool span_get(struct span s, size_t off, void *ret, size_t len)
{
	const void *p = span_at(s, off, len);

	if (p)
		memcpy(ret, p, len);
	return p != NULL;
}

/* The NUL-ended text at `off`, or NULL where no NUL is inside. */
static inline const char *span_str(struct span s, size_t off)
{
	if (off >= s.len || !memchr(s.ptr + off, 0, s.len - off))
		return NULL;
	return (const char *)s.ptr + off;
}

#endif
