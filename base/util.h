/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For every file: scope-bound clean-up, allocation that never returns NULL, and banned functions.
 *
 *	_cleanup_free_ char *text = xstrdup("x");
 *	_cleanup_close_ int fd = open(...);
 *	*ret = steal_ptr(&text);
 *
 * Running out of memory ends the program through oom_hook, which restores the terminal.
 */
#ifndef BOMBUS_BASE_UTIL_H
#define BOMBUS_BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* Each argument is evaluated once; the counter lets them nest without shadowing. */
#define MIN(a, b) MIN_NAMED(a, b, __COUNTER__)
#define MAX(a, b) MAX_NAMED(a, b, __COUNTER__)
#define MIN_NAMED(a, b, n) PICK_NAMED(a, b, n, <)
#define MAX_NAMED(a, b, n) PICK_NAMED(a, b, n, >)
#define PICK_NAMED(a, b, n, op)                                                                    \
	({                                                                                         \
		__typeof__(a) _a##n = (a);                                                         \
		__typeof__(b) _b##n = (b);                                                         \
		_a##n op _b##n ? _a##n : _b##n;                                                    \
	})
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Never NULL; sizes are multiplied with overflow checks. Zero bytes give a unique pointer. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *ptr, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program as those do: for libraries that say so themselves. */
_Noreturn void out_of_memory(void);

/* Called once when memory runs out, before the program ends. NULL: none. */
extern void (*oom_hook)(void);

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}
static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
static inline void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}
#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _cleanup_free_ _cleanup_(free_ptr)
#define _cleanup_close_ _cleanup_(close_fd)
#define _cleanup_file_ _cleanup_(close_file)

#define steal_ptr(p)                                                                               \
	({                                                                                         \
		__typeof__(*(p)) _taken = *(p);                                                    \
		*(p) = NULL;                                                                       \
		_taken;                                                                            \
	})
static inline int steal_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}
static inline bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static inline bool has_suffix(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && streq(text + len - suffix_len, suffix);
}

struct err;

/*
 * Reads a whole file of at most max_bytes; -EFBIG when it is larger. *ret is malloc'ed and has a
 * NUL behind its end; ret_len may be NULL. read_fd() reads to the end and leaves fd open; `what`
 * names it in the message.
 */
int read_file(const char *path, size_t max_bytes, void **ret, size_t *ret_len, struct err *err);
int read_fd(int fd, const char *what, size_t max_bytes, void **ret, size_t *ret_len,
	    struct err *err);

/* Writes all bytes, across interruptions. 0 or -errno. */
int write_all(int fd, const void *bytes, size_t len);

/* As access(), but by the effective user and the capabilities of this process. 0, or -1 and errno.
 */
int may_access(const char *path, int mode);

/* mkdir -p with mode 0755. */
int make_dirs(const char *path, struct err *err);

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol gets

#endif
