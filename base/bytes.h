/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Untrusted bytes. Every read goes through bytes_at(), which checks the bounds. Nothing else
 * does arithmetic on the pointer.
 */
#ifndef BOMBUS_BASE_BYTES_H
#define BOMBUS_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *ptr;
	size_t len;
};

static inline struct bytes bytes_of(const void *ptr, size_t len)
{
	return (struct bytes){ ptr, len };
}

/* The `len` bytes at `off`, or NULL unless all of them are inside. */
static inline const void *bytes_at(struct bytes s, size_t off, size_t len)
{
	if (off > s.len || len > s.len - off)
		return NULL;
	return s.ptr + off;
}

/* Copies a value of fixed size out, aligned or not. */
static inline bool bytes_get(struct bytes s, size_t off, void *ret, size_t len)
{
	const void *p = bytes_at(s, off, len);

	if (p)
		memcpy(ret, p, len);
	return p != NULL;
}

/* The NUL-ended text at `off`, or NULL if it has no NUL. */
static inline const char *bytes_str(struct bytes s, size_t off)
{
	if (off >= s.len || !memchr(s.ptr + off, 0, s.len - off))
		return NULL;
	return (const char *)s.ptr + off;
}

#endif
