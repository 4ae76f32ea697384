// SPDX-License-Identifier: Apache-2.0
/*
 * Preloaded: one call of the process fails. Allocations of memory and calls that reach the kernel
 * are counted apart, those of libraries too; those of the C library among itself are not seen.
 *
 *	FAULT=alloc:17	the 17th allocation gives no memory
 *	FAULT=call:17	the 17th other call fails, with an error that it can have
 *	FAULT_LOG=FILE	a line for each: "alloc 17 malloc PLACE"; the same place: the same callers
 *
 * What this process starts is left alone.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#define DEPTH 14 /* of the callers that make a place */

enum kind { ALLOC, CALL, KINDS };

static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE };
static const char *const kinds[KINDS] = { "alloc", "call" };
static unsigned long counts[KINDS], fails_at[KINDS];
static int log_fd = -1;
static pid_t own;
static __thread bool inside;

/* What led to a crash. */
static void on_crash(int signal)
{
	void *callers[32];

	inside = true;
	backtrace_symbols_fd(callers, backtrace(callers, 32), STDERR_FILENO);
	raise(signal);
}

__attribute__((constructor)) static void begin(void)
{
	const char *fault = getenv("FAULT"), *file = getenv("FAULT_LOG");
	void *callers[2];

	own = getpid();
	for (int kind = 0; fault && kind < KINDS; kind++) {
		size_t len = strlen(kinds[kind]);

		if (!strncmp(fault, kinds[kind], len) && fault[len] == ':')
			fails_at[kind] = strtoul(fault + len + 1, NULL, 10);
	}
	inside = true;
	if (file) {
		int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 900);
		close(fd);
	}
	backtrace(callers, 2); /* it loads a library */
	for (size_t i = 0; fault && i < sizeof(crashes) / sizeof(*crashes); i++) {
		const struct sigaction once = { .sa_handler = on_crash, .sa_flags = SA_RESETHAND };

		sigaction(crashes[i], &once, NULL);
	}
	unsetenv("LD_PRELOAD");
	unsetenv("FAULT");
	unsetenv("FAULT_LOG");
	inside = false;
	counts[ALLOC] = counts[CALL] = 0;
}

static void note(enum kind kind, unsigned long n, const char *name)
{
	void *callers[DEPTH];
	uint64_t place = 0;
	char line[128];
	int depth, len;

	inside = true;
	depth = backtrace(callers, DEPTH);
	for (int i = 2; i < depth; i++) {
		Dl_info info;
		uintptr_t base = dladdr(callers[i], &info) ? (uintptr_t)info.dli_fbase : 0;

		place = (place ^ ((uintptr_t)callers[i] - base)) * 0x9e3779b97f4a7c15ULL;
	}
	len = snprintf(line, sizeof(line), "%s %lu %s %016llx\n", kinds[kind], n, name,
		       (unsigned long long)place);
	syscall(SYS_write, log_fd, line, len);
	inside = false;
}

/* On standard error: the library that asked for the memory, where it is not the program. */
static void name_asker(void)
{
	void *callers[DEPTH];
	char line[128];
	int depth, len;

	inside = true;
	depth = backtrace(callers, DEPTH);
	for (int i = 2; i < depth; i++) {
		const char *path, *name;
		Dl_info info;

		if (!dladdr(callers[i], &info) || !info.dli_fname)
			continue;
		path = strrchr(info.dli_fname, '/');
		name = path ? path + 1 : info.dli_fname;
		if (!strncmp(name, "libc.", 5) || !strncmp(name, "fault.", 6))
			continue;
		if (!strncmp(name, "lib", 3)) {
			len = snprintf(line, sizeof(line), "fault: within %.60s\n", name);
			syscall(SYS_write, STDERR_FILENO, line, len);
		}
		break;
	}
	inside = false;
}

/* Whether this one fails. */
static bool fails(enum kind kind, const char *name)
{
	unsigned long n;
	int code = errno;

	if (inside || !own || (pid_t)syscall(SYS_getpid) != own)
		return false;
	n = __atomic_add_fetch(&counts[kind], 1, __ATOMIC_RELAXED);
	if (log_fd >= 0)
		note(kind, n, name);
	if (n == fails_at[kind] && kind == ALLOC)
		name_asker();
	errno = code;
	return n == fails_at[kind];
}

/* ---- memory ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

void *malloc(size_t size)
{
	return fails(ALLOC, "malloc") ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails(ALLOC, "calloc") ? no_memory() : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails(ALLOC, "realloc") ? no_memory() : __libc_realloc(old, size);
}

/* ---- calls ---- */

#define NEXT(name) ((__typeof__(&name))dlsym_of(#name))

static void *dlsym_of(const char *name)
{
	bool was = inside;
	void *found;

	inside = true;
	found = dlsym(RTLD_NEXT, name);
	inside = was;
	return found;
}

static long refuse(int code)
{
	errno = code;
	return -1;
}

#define FAILING(type, name, params, args, code)                                                    \
	type name params                                                                           \
	{                                                                                          \
		static __typeof__(&name) next;                                                     \
                                                                                                   \
		if (fails(CALL, #name))                                                            \
			return (type)refuse(code);                                                 \
		if (!next)                                                                         \
			next = NEXT(name);                                                         \
		return next args;                                                                  \
	}

#define OPENING(name, first, ...)                                                                  \
	int name(first, int flags, ...)                                                            \
	{                                                                                          \
		static __typeof__(&name) next;                                                     \
		va_list ap;                                                                        \
		mode_t mode;                                                                       \
                                                                                                   \
		va_start(ap, flags);                                                               \
		mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;                     \
		va_end(ap);                                                                        \
		if (fails(CALL, #name))                                                            \
			return (int)refuse(EMFILE);                                                \
		if (!next)                                                                         \
			next = NEXT(name);                                                         \
		return next(__VA_ARGS__, flags, mode);                                             \
	}

#define COMMA ,
OPENING(open, const char *path, path)
OPENING(open64, const char *path, path)
OPENING(openat, int dir COMMA const char *path, dir, path)
OPENING(openat64, int dir COMMA const char *path, dir, path)

FAILING(ssize_t, read, (int fd, void *to, size_t len), (fd, to, len), EIO)
FAILING(ssize_t, pread64, (int fd, void *to, size_t len, off64_t at), (fd, to, len, at), EIO)
FAILING(ssize_t, write, (int fd, const void *from, size_t len), (fd, from, len), ENOSPC)
FAILING(ssize_t, writev, (int fd, const struct iovec *parts, int n), (fd, parts, n), ENOSPC)
FAILING(int, fstat, (int fd, struct stat *st), (fd, st), EIO)
FAILING(int, stat, (const char *path, struct stat *st), (path, st), EACCES)
FAILING(int, lstat, (const char *path, struct stat *st), (path, st), EACCES)
FAILING(int, fstatat, (int dir, const char *path, struct stat *st, int flags),
	(dir, path, st, flags), EACCES)
FAILING(int, rename, (const char *from, const char *to), (from, to), EIO)
FAILING(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
	(a, from, b, to, flags), EIO)
FAILING(int, link, (const char *from, const char *to), (from, to), EMLINK)
FAILING(int, linkat, (int a, const char *from, int b, const char *to, int flags),
	(a, from, b, to, flags), EMLINK)
FAILING(int, unlink, (const char *path), (path), EACCES)
FAILING(int, mkdir, (const char *path, mode_t mode), (path, mode), ENOSPC)
FAILING(int, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode), ENOSPC)
FAILING(int, fsync, (int fd), (fd), EIO)
FAILING(int, fdatasync, (int fd), (fd), EIO)
FAILING(int, ftruncate, (int fd, off_t len), (fd, len), EIO)
FAILING(int, ftruncate64, (int fd, off64_t len), (fd, len), EIO)
FAILING(off64_t, lseek64, (int fd, off64_t at, int whence), (fd, at, whence), EIO)
FAILING(int, flock, (int fd, int what), (fd, what), ENOLCK)
FAILING(int, fchmod, (int fd, mode_t mode), (fd, mode), EPERM)
FAILING(int, dup, (int fd), (fd), EMFILE)
FAILING(int, pipe2, (int ends[2], int flags), (ends, flags), EMFILE)
FAILING(int, memfd_create, (const char *name, unsigned flags), (name, flags), EMFILE)
FAILING(int, eventfd, (unsigned start, int flags), (start, flags), EMFILE)
FAILING(int, epoll_create1, (int flags), (flags), EMFILE)
FAILING(int, epoll_ctl, (int fd, int what, int other, struct epoll_event *event),
	(fd, what, other, event), ENOSPC)
FAILING(int, epoll_wait, (int fd, struct epoll_event *events, int max, int ms),
	(fd, events, max, ms), EINTR)
FAILING(int, timerfd_create, (clockid_t clock, int flags), (clock, flags), EMFILE)
FAILING(int, timerfd_settime,
	(int fd, int flags, const struct itimerspec *to, struct itimerspec *before),
	(fd, flags, to, before), EINVAL)
FAILING(int, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms), EINTR)
FAILING(int, socket, (int family, int type, int protocol), (family, type, protocol), EMFILE)
FAILING(int, socketpair, (int family, int type, int protocol, int ends[2]),
	(family, type, protocol, ends), EMFILE)
FAILING(int, connect, (int fd, const struct sockaddr *to, socklen_t len), (fd, to, len),
	ECONNREFUSED)
FAILING(int, bind, (int fd, const struct sockaddr *to, socklen_t len), (fd, to, len), EADDRINUSE)
FAILING(int, listen, (int fd, int backlog), (fd, backlog), EADDRINUSE)
FAILING(int, accept4, (int fd, struct sockaddr *from, socklen_t *len, int flags),
	(fd, from, len, flags), EMFILE)
FAILING(int, getsockname, (int fd, struct sockaddr *to, socklen_t *len), (fd, to, len), ENOBUFS)
FAILING(int, getsockopt, (int fd, int level, int what, void *to, socklen_t *len),
	(fd, level, what, to, len), ENOBUFS)
FAILING(int, setsockopt, (int fd, int level, int what, const void *from, socklen_t len),
	(fd, level, what, from, len), ENOBUFS)
FAILING(pid_t, fork, (void), (), EAGAIN)

/* As a connection that was reset is: the other side learns of it. */
#define RESETTING(type, name, params, args)                                                        \
	type name params                                                                           \
	{                                                                                          \
		static __typeof__(&name) next;                                                     \
                                                                                                   \
		if (fails(CALL, #name)) {                                                          \
			shutdown(fd, SHUT_RDWR);                                                   \
			return (type)refuse(ECONNRESET);                                           \
		}                                                                                  \
		if (!next)                                                                         \
			next = NEXT(name);                                                         \
		return next args;                                                                  \
	}

RESETTING(ssize_t, send, (int fd, const void *from, size_t len, int flags), (fd, from, len, flags))
RESETTING(ssize_t, sendto,
	  (int fd, const void *from, size_t len, int flags, const struct sockaddr *to, socklen_t n),
	  (fd, from, len, flags, to, n))
RESETTING(ssize_t, sendmsg, (int fd, const struct msghdr *msg, int flags), (fd, msg, flags))
RESETTING(ssize_t, recv, (int fd, void *to, size_t len, int flags), (fd, to, len, flags))
RESETTING(ssize_t, recvfrom,
	  (int fd, void *to, size_t len, int flags, struct sockaddr *from, socklen_t *n),
	  (fd, to, len, flags, from, n))
RESETTING(ssize_t, recvmsg, (int fd, struct msghdr *msg, int flags), (fd, msg, flags))

/* Those that return a pointer or an error. */
#define FAILING_POINTER(type, name, params, args, code)                                            \
	type *name params                                                                          \
	{                                                                                          \
		static __typeof__(&name) next;                                                     \
                                                                                                   \
		if (fails(CALL, #name)) {                                                          \
			errno = code;                                                              \
			return NULL;                                                               \
		}                                                                                  \
		if (!next)                                                                         \
			next = NEXT(name);                                                         \
		return next args;                                                                  \
	}
FAILING_POINTER(DIR, opendir, (const char *path), (path), EMFILE)
FAILING_POINTER(DIR, fdopendir, (int fd), (fd), ENOMEM)
FAILING_POINTER(FILE, fopen, (const char *path, const char *mode), (path, mode), EMFILE)
FAILING_POINTER(FILE, fopen64, (const char *path, const char *mode), (path, mode), EMFILE)
FAILING_POINTER(FILE, fdopen, (int fd, const char *mode), (fd, mode), ENOMEM)
FAILING_POINTER(FILE, fmemopen, (void *bytes, size_t len, const char *mode), (bytes, len, mode),
		ENOMEM)

void *mmap64(void *at, size_t len, int prot, int flags, int fd, off64_t from)
{
	static __typeof__(&mmap64) next;

	if (fails(CALL, "mmap")) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	if (!next)
		next = NEXT(mmap64);
	return next(at, len, prot, flags, fd, from);
}

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t from)
{
	return mmap64(at, len, prot, flags, fd, from);
}

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		struct addrinfo **ret)
{
	static __typeof__(&getaddrinfo) next;

	if (fails(CALL, "getaddrinfo"))
		return EAI_AGAIN;
	if (!next)
		next = NEXT(getaddrinfo);
	return next(host, port, hints, ret);
}

int pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*fn)(void *), void *ctx)
{
	static __typeof__(&pthread_create) next;

	if (fails(CALL, "pthread_create"))
		return EAGAIN;
	if (!next)
		next = NEXT(pthread_create);
	return next(ret, attr, fn, ctx);
}

/* bpf(), perf_event_open() and others without a function of their own. */
long syscall(long number, ...)
{
	static long (*next)(long, ...);
	static __thread bool asked;
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	/* Those that this file makes come here too. */
	if (!asked && number != SYS_getpid && number != SYS_gettid && number != SYS_futex) {
		bool refused;

		asked = true;
		refused = fails(CALL, "syscall");
		asked = false;
		if (refused)
			return refuse(number == SYS_bpf ? ENOMEM : EMFILE);
	}
	if (!next)
		next = (long (*)(long, ...))dlsym_of("syscall");
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
