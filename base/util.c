// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "base/err.h"

void (*oom_hook)(void);

/* Nothing in here may allocate. The hook is taken first, as it may run out of memory itself. */
_Noreturn void out_of_memory(void)
{
	static const char text[] = "bombus: out of memory\n";
	void (*hook)(void) = __atomic_exchange_n(&oom_hook, NULL, __ATOMIC_SEQ_CST);
	ssize_t written;

	if (hook)
		hook();
	written = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)written;
	_exit(EXIT_FAILED);
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (unlikely(!p))
		out_of_memory();
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = count && size ? calloc(count, size) : calloc(1, 1);

	if (unlikely(!p))
		out_of_memory();
	return p;
}

void *xreallocarray(void *ptr, size_t count, size_t size)
{
	void *p = count && size ? reallocarray(ptr, count, size) : realloc(ptr, 1);

	if (unlikely(!p))
		out_of_memory();
	return p;
}

char *xstrdup(const char *text)
{
	return xstrndup(text, strlen(text));
}

char *xstrndup(const char *text, size_t len)
{
	size_t used = strnlen(text, len);
	char *copy = xmalloc(used + 1);

	memcpy(copy, text, used);
	copy[used] = '\0';
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		out_of_memory();
	return text;
}

/* The first buffer: the file's own size where it has one; /proc and pipes say 0. */
static size_t first_size(int fd, size_t max_bytes)
{
	struct stat st;
	size_t size = 4096;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		size = (uint64_t)st.st_size < max_bytes ? (size_t)st.st_size : max_bytes;
	return MIN(size, max_bytes);
}

/* Reads one byte more than max_bytes, to tell "exactly at the limit" from "over it". */
int read_fd(int fd, const char *what, size_t max_bytes, void **ret, size_t *ret_len,
	    struct err *err)
{
	size_t limit = max_bytes < SIZE_MAX - 1 ? max_bytes : SIZE_MAX - 2;
	size_t cap = first_size(fd, limit) + 1;
	_cleanup_free_ char *buf = xmalloc(cap + 1);
	size_t len = 0;

	for (;;) {
		ssize_t got;

		if (len == cap) {
			cap = cap <= limit / 2 ? cap * 2 : limit + 1;
			buf = xreallocarray(buf, cap + 1, 1);
		}
		got = read(fd, buf + len, cap - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(err, errno, "cannot read %s", what);
		if (got == 0)
			break;
		len += (size_t)got;
		if (len > limit)
			return err_set(err, EFBIG, "%s is larger than %zu bytes", what, limit);
	}
	buf[len] = '\0';
	*ret = steal_ptr(&buf);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int read_file(const char *path, size_t max_bytes, void **ret, size_t *ret_len, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", path);
	return read_fd(fd, path, max_bytes, ret, ret_len, err);
}

int may_access(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

static int make_dir(const char *path, struct err *err)
{
	struct stat st;
	int code;

	if (mkdir(path, 0755) == 0)
		return 0;
	code = errno;
	/* Read-only file systems and the like refuse before they look whether it exists. */
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		code = ENOTDIR;
	}
	return err_sys(err, code, "cannot create the folder %s", path);
}

int make_dirs(const char *path, struct err *err)
{
	_cleanup_free_ char *part = xstrdup(path);
	char *slash = part;

	while (*slash == '/')
		slash++;
	while ((slash = strchr(slash, '/'))) {
		int rc;

		*slash = '\0';
		rc = make_dir(part, err);
		*slash++ = '/';
		if (rc < 0)
			return rc;
		while (*slash == '/')
			slash++;
	}
	return make_dir(path, err);
}

int write_all(int fd, const void *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)bytes + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}
