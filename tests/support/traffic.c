// SPDX-License-Identifier: Apache-2.0
/*
 * Traffic of known size for tests: each job does one thing a stated number of times, and nothing
 * else does it.
 *
 *	traffic [--now] [--comm NAME] [--uid UID] JOB...
 *
 * Prints "pid N", waits for a byte (or the end) of standard input unless --now, does the jobs in
 * order, prints what a test needs to know ("port 40123"), and ends with "done". A job that fails
 * ends it with status 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sdt.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/traffic.h"

enum { MAX_ARGS = 4, MAX_HELD = 64 };

void die(const char *fmt, ...)
{
	int code = errno;
	va_list ap;

	va_start(ap, fmt);
	fputs("traffic: ", stderr);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, ": %s\n", strerror(code));
	va_end(ap);
	exit(1);
}

long number(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 0);
	if (errno || end == text || *end) {
		errno = EINVAL;
		die("'%s' is not a number", text);
	}
	return n;
}

void nap(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

int child(void (*act)(void *ctx), void *ctx)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		act(ctx);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	return status;
}

static void job_getppid(char **args)
{
	for (long n = number(args[0]); n > 0; n--)
		syscall(SYS_getppid);
}

/* What follows is done on this CPU. */
static void job_cpu(char **args)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(number(args[0]), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		die("cpu %s", args[0]);
}

static void job_open(char **args)
{
	for (long n = number(args[1]); n > 0; n--) {
		int fd = openat(AT_FDCWD, args[0], O_RDONLY);

		if (fd < 0)
			die("%s", args[0]);
		close(fd);
	}
}

static void job_open_missing(char **args)
{
	for (long n = number(args[1]); n > 0; n--)
		if (openat(AT_FDCWD, args[0], O_RDONLY) >= 0 || errno != ENOENT)
			die("%s should not be there", args[0]);
}

static void act_exec(void *ctx)
{
	char *argv[] = { ctx, NULL };

	execv(ctx, argv);
	die("%s", (char *)ctx);
}

static void job_exec(char **args)
{
	for (long n = number(args[1]); n > 0; n--)
		child(act_exec, args[0]);
}

static void act_exit(void *ctx)
{
	_exit(*(long *)ctx);
}

static void job_exit(char **args)
{
	long code = number(args[0]);

	for (long n = number(args[1]); n > 0; n--)
		if (WEXITSTATUS(child(act_exit, &code)) != code)
			die("exit status %ld", code);
}

static void act_kill(void *ctx)
{
	signal(*(long *)ctx, SIG_DFL);
	kill(getpid(), *(long *)ctx);
}

static void job_kill(char **args)
{
	long sig = number(args[0]);

	for (long n = number(args[1]); n > 0; n--)
		if (WTERMSIG(child(act_kill, &sig)) != sig)
			die("signal %ld", sig);
}

static int ip_socket(int type, struct sockaddr_storage *addr, socklen_t *len, const char *host,
		     int port)
{
	struct sockaddr_in *v4 = (void *)addr;
	struct sockaddr_in6 *v6 = (void *)addr;
	int fd;

	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		*len = sizeof(*v6);
	} else if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*len = sizeof(*v4);
	} else {
		errno = EINVAL;
		die("'%s' is not an address", host);
	}
	fd = socket(addr->ss_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	return fd;
}

static int tcp_socket(struct sockaddr_storage *addr, socklen_t *len, const char *host, int port)
{
	return ip_socket(SOCK_STREAM, addr, len, host, port);
}

static int bound_port(int fd)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len))
		die("getsockname");
	/* The port is in the same place for both families. */
	return ntohs(((struct sockaddr_in *)&addr)->sin_port);
}

static int listener(const char *host)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int fd = tcp_socket(&addr, &len, host, 0);

	if (bind(fd, (struct sockaddr *)&addr, len) || listen(fd, 16))
		die("listen on %s", host);
	return fd;
}

/* Both ends in this process, so that one pid names the whole conversation. */
static void open_conversation(const char *host, int server, int port, int *ret_fd, int *ret_peer)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int fd = tcp_socket(&addr, &len, host, port);

	if (connect(fd, (struct sockaddr *)&addr, len))
		die("connect to %s port %d", host, port);
	*ret_peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	if (*ret_peer < 0)
		die("accept");
	*ret_fd = fd;
}

static void one_conversation(const char *host, int server, int port, size_t size)
{
	static char bytes[1 << 16];
	int fd, peer;

	open_conversation(host, server, port, &fd, &peer);
	while (size) {
		size_t part = size < sizeof(bytes) ? size : sizeof(bytes);
		ssize_t sent = send(fd, bytes, part, MSG_NOSIGNAL), got = 0;

		if (sent <= 0)
			die("send");
		while (got < sent) {
			ssize_t n = recv(peer, bytes, sent - got, 0);

			if (n <= 0)
				die("recv");
			got += n;
		}
		size -= sent;
	}
	close(fd); /* the client ends first: it is the one to wait in TIME_WAIT */
	if (recv(peer, bytes, sizeof(bytes), 0) != 0)
		die("the end of a connection");
	close(peer);
}

static void job_tcp(char **args)
{
	int server = listener(args[0]), port = bound_port(server);
	size_t size = number(args[1]);

	printf("port %d\n", port);
	for (long n = number(args[2]); n > 0; n--)
		one_conversation(args[0], server, port, size);
	close(server);
}

static void must_move(ssize_t moved, size_t size)
{
	if (moved != (ssize_t)size)
		die("%zu bytes at once", size);
}

/* Each a socket of its own, connected to one of this process, which sends the same back. */
static void job_udp(char **args)
{
	struct sockaddr_storage server_addr, addr;
	socklen_t server_len, len;
	int server = ip_socket(SOCK_DGRAM, &server_addr, &server_len, args[0], 0);
	size_t size = number(args[1]);
	char bytes[1024] = { 0 };

	if (size > sizeof(bytes) || bind(server, (struct sockaddr *)&server_addr, server_len))
		die("bind to %s", args[0]);
	for (long n = number(args[2]); n > 0; n--) {
		int fd = ip_socket(SOCK_DGRAM, &addr, &len, args[0], bound_port(server));

		if (connect(fd, (struct sockaddr *)&addr, len))
			die("connect to %s", args[0]);
		must_move(send(fd, bytes, size, 0), size);
		len = sizeof(addr);
		must_move(recvfrom(server, bytes, size, 0, (struct sockaddr *)&addr, &len), size);
		must_move(sendto(server, bytes, size, 0, (struct sockaddr *)&addr, len), size);
		must_move(recv(fd, bytes, size, 0), size);
		close(fd);
	}
	close(server);
}

static void pass(int from, int to, const char *text)
{
	size_t len = strlen(text), got = 0;
	char bytes[256];

	if (write(from, text, len) != (ssize_t)len)
		die("write");
	while (got < len) {
		ssize_t n = read(to, bytes, sizeof(bytes));

		if (n <= 0)
			die("read");
		got += n;
	}
}

/* Requests and their responses, one a connection; "bytes" is all that was sent. */
static void job_http(char **args)
{
	static const char request[] = "GET /known HTTP/1.1\r\nHost: here\r\n\r\n";
	static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	int server = listener(args[0]), port = bound_port(server), fd, peer;
	long count = number(args[1]);

	for (long i = 0; i < count; i++) {
		open_conversation(args[0], server, port, &fd, &peer);
		pass(fd, peer, request);
		pass(peer, fd, response);
		close(fd);
		close(peer);
	}
	close(server);
	printf("bytes %ld\n", count * (long)(strlen(request) + strlen(response)));
}

/* COUNT connections at the same time, all of them open for MS. */
static void job_hold(char **args)
{
	int server = listener(args[0]), port = bound_port(server), fds[2 * MAX_HELD];
	long count = number(args[1]);

	if (count < 1 || count > MAX_HELD) {
		errno = ERANGE;
		die("%ld connections", count);
	}
	for (long i = 0; i < count; i++)
		open_conversation(args[0], server, port, &fds[2 * i], &fds[2 * i + 1]);
	nap(number(args[2]));
	for (long i = 0; i < 2 * count; i++)
		close(fds[i]);
	close(server);
}

/* COUNT connections that nothing accepts for MS: they wait in the queue of the listening socket. */
static void job_backlog(char **args)
{
	int server = listener(args[0]), port = bound_port(server), fds[MAX_HELD];
	long count = number(args[1]);
	struct sockaddr_storage addr;
	socklen_t len;

	printf("port %d\n", port);
	for (long i = 0; i < count && i < MAX_HELD; i++) {
		fds[i] = tcp_socket(&addr, &len, args[0], port);
		if (connect(fds[i], (struct sockaddr *)&addr, len))
			die("connect to %s port %d", args[0], port);
	}
	nap(number(args[2]));
	for (long i = 0; i < count && i < MAX_HELD; i++)
		close(fds[i]);
	close(server);
}

/* One connection, over which BYTES go COUNT times; each time they are read after MS. */
static void job_late(char **args)
{
	int server = listener(args[0]), port = bound_port(server), fd, peer;
	size_t size = number(args[1]);
	char bytes[1024];

	printf("port %d\n", port);
	open_conversation(args[0], server, port, &fd, &peer);
	for (long n = number(args[2]); n > 0; n--) {
		must_move(send(fd, bytes, size, MSG_NOSIGNAL), size);
		nap(number(args[3]));
		must_move(recv(peer, bytes, size, 0), size);
	}
	close(fd);
	close(peer);
	close(server);
}

/* A port that was free a moment ago. */
static int closed_port(const char *host)
{
	int fd = listener(host), port = bound_port(fd);

	close(fd);
	return port;
}

static void job_port(char **args)
{
	printf("%d\n", closed_port("127.0.0.1"));
}

static void job_refused(char **args)
{
	int port = closed_port(args[0]);

	printf("port %d\n", port);
	for (long n = number(args[1]); n > 0; n--) {
		struct sockaddr_storage addr;
		socklen_t len;
		int fd = tcp_socket(&addr, &len, args[0], port);

		if (!connect(fd, (struct sockaddr *)&addr, len) || errno != ECONNREFUSED)
			die("connect to %s port %d was not refused", args[0], port);
		close(fd);
	}
}

/* Datagrams, whether a socket is there for them or not. */
static void job_udp_to(char **args)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int fd = ip_socket(SOCK_DGRAM, &addr, &len, args[0], number(args[1]));
	size_t size = number(args[2]);
	char bytes[2048] = { 0 };

	if (size > sizeof(bytes))
		die("%zu bytes", size);
	for (long n = number(args[3]); n > 0; n--)
		must_move(sendto(fd, bytes, size, 0, (struct sockaddr *)&addr, len), size);
	close(fd);
}

/* Sockets for UDP that are bound to the same port at the same time: all but the first one fail. */
static void job_bind(char **args)
{
	struct sockaddr_storage addr;
	int fds[MAX_HELD];
	socklen_t len;
	long count = number(args[2]);

	for (long i = 0; i < count && i < MAX_HELD; i++) {
		fds[i] = ip_socket(SOCK_DGRAM, &addr, &len, args[0], number(args[1]));
		if (!bind(fds[i], (struct sockaddr *)&addr, len) != (i == 0))
			die("bind %ld", i);
	}
	for (long i = 0; i < count && i < MAX_HELD; i++)
		close(fds[i]);
}

static void job_resolve(char **args)
{
	for (long n = number(args[1]); n > 0; n--) {
		struct addrinfo *found = NULL;

		if (!getaddrinfo(args[0], NULL, NULL, &found))
			freeaddrinfo(found);
	}
}

/* Of a DNS query for "NAME.test" the message, of its answer the records; how long it is. */
static size_t dns_query(uint8_t *m, uint16_t id, const char *name, uint16_t type)
{
	const uint8_t header[12] = { id >> 8, id & 255, 1, 0, 0, 1 };
	size_t len = strlen(name), at = sizeof(header);

	memcpy(m, header, sizeof(header));
	m[at++] = len;
	memcpy(m + at, name, len);
	at += len;
	memcpy(m + at, "\4test\0\0", 7);
	at += 6;
	m[at++] = type >> 8;
	m[at++] = type & 255;
	m[at++] = 0;
	m[at++] = 1;
	return at;
}

static size_t dns_answer(uint8_t *m, size_t at, int result, const uint8_t *data, size_t len)
{
	/* The name is the one of the question, by reference; it is valid for a minute. */
	const uint8_t record[12] = { 0xc0, 12, 0, len == 4 ? 1 : 28, 0, 1, 0, 0, 0, 60, 0, len };

	m[2] = 0x81;
	m[3] = 0x80 | result;
	if (!len)
		return at;
	m[7]++;
	memcpy(m + at, record, sizeof(record));
	memcpy(m + at + sizeof(record), data, len);
	return at + sizeof(record) + len;
}

/* COUNT times: www.test has an address of each family, none.test is not there, and late.test is not
 * answered. Server and client are in this process. */
static void job_dns(char **args)
{
	static const uint8_t v4[4] = { 192, 0, 2, 1 }, v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
	struct sockaddr_storage at, from;
	socklen_t len, from_len;
	int server = ip_socket(SOCK_DGRAM, &at, &len, args[0], 53);
	int client = ip_socket(SOCK_DGRAM, &at, &len, args[0], 53);
	uint8_t m[512];
	size_t size;

	if (bind(server, (struct sockaddr *)&at, len))
		die("bind to port 53 of %s", args[0]);
	if (connect(client, (struct sockaddr *)&at, len))
		die("connect");
	for (long n = number(args[1]), i = 0; i < 4 * n; i++) {
		bool v4_asked = i % 4 == 0, v6_asked = i % 4 == 1;

		size = dns_query(m, i + 1,
				 i % 4 < 2    ? "www"
				 : i % 4 == 2 ? "none"
					      : "late",
				 v6_asked ? 28 : 1);
		must_move(send(client, m, size, 0), size);
		from_len = sizeof(from);
		must_move(recvfrom(server, m, sizeof(m), 0, (void *)&from, &from_len), size);
		if (i % 4 == 3)
			continue;
		size = v4_asked	  ? dns_answer(m, dns_answer(m, size, 0, v4, 4), 0, v4, 4)
		       : v6_asked ? dns_answer(m, size, 0, v6, 16)
				  : dns_answer(m, size, 3, NULL, 0);
		must_move(sendto(server, m, size, 0, (void *)&from, from_len), size);
		must_move(recv(client, m, sizeof(m), 0), size);
	}
	nap(number(args[2]));
	close(client);
	close(server);
}

/* The first message of a TLS client that asks for NAME; how long it is. */
static size_t client_hello(uint8_t *m, const char *name)
{
	size_t len = strlen(name), at = 0;
	const uint8_t start[] = { 22, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3 };
	/* After the random bytes: no session, one cipher, no compression; extensions, of which the
	 * first one (groups) is not the name. */
	const uint8_t middle[] = { 0, 0, 2, 0x13, 1, 1, 0, 0,	    17 + len, 0,       10, 0, 4,
				   0, 2, 0, 29,	  0, 0, 0, 5 + len, 0,	      3 + len, 0,  0, len };

	memcpy(m, start, sizeof(start));
	at = sizeof(start);
	memset(m + at, 'r', 32);
	at += 32;
	memcpy(m + at, middle, sizeof(middle));
	at += sizeof(middle);
	memcpy(m + at, name, len);
	at += len;
	m[4] = at - 5;
	m[8] = at - 9;
	return at;
}

static void job_hello(char **args)
{
	int server = listener(args[0]), port = bound_port(server), fd, peer;
	uint8_t m[256], got[256];
	size_t size = client_hello(m, args[1]);

	printf("port %d\n", port);
	for (long n = number(args[2]); n > 0; n--) {
		open_conversation(args[0], server, port, &fd, &peer);
		must_move(send(fd, m, size, MSG_NOSIGNAL), size);
		must_move(recv(peer, got, sizeof(got), 0), size);
		close(fd);
		close(peer);
	}
	close(server);
}

/* Starts connecting and gives up after `ms`: what it sends in that time is retransmitted when
 * nothing answers. */
static void job_unanswered(char **args)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int fd = tcp_socket(&addr, &len, args[0], number(args[1]));

	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!connect(fd, (struct sockaddr *)&addr, len) || errno != EINPROGRESS)
		die("connect to %s", args[0]);
	nap(number(args[2]));
	close(fd);
}

/* A text into a file that is there, such as one of the kernel's. */
static void job_put(char **args)
{
	int fd = open(args[0], O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, args[1], strlen(args[1])) < 0)
		die("%s", args[0]);
	close(fd);
}

static void write_file(const char *path, size_t size, long count, int flags)
{
	void *bytes;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	if (fd < 0)
		die("%s", path);
	if (posix_memalign(&bytes, 4096, size))
		die("memory");
	memset(bytes, 'b', size);
	for (; count > 0; count--)
		if (write(fd, bytes, size) != (ssize_t)size)
			die("write to %s", path);
	if (fsync(fd) && errno != EINVAL)
		die("fsync of %s", path);
	free(bytes);
	close(fd);
}

static void job_write(char **args)
{
	write_file(args[0], number(args[1]), number(args[2]), 0);
}

/* Past the page cache: each write is one request to the device. */
static void job_write_direct(char **args)
{
	write_file(args[0], number(args[1]), number(args[2]), O_DIRECT | O_SYNC);
}

static void job_read(char **args)
{
	size_t size = number(args[1]);
	char *bytes = malloc(size);
	int fd = open(args[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0 || !bytes)
		die("%s", args[0]);
	for (long n = number(args[2]); n > 0; n--)
		if (pread(fd, bytes, size, 0) < 0)
			die("read of %s", args[0]);
	free(bytes);
	close(fd);
}

/* Drops what the page cache has of the file. */
static void job_forget(char **args)
{
	int fd = open(args[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die("%s", args[0]);
	close(fd);
}

/* Asks for CAP_SYS_CHROOT, and for nothing else. */
static void job_chroot(char **args)
{
	for (long n = number(args[0]); n > 0; n--)
		if (chroot("/") && errno != EPERM)
			die("chroot");
}

static void job_sleep(char **args)
{
	nap(number(args[0]));
}

static void job_naps(char **args)
{
	for (long n = number(args[1]); n > 0; n--)
		nap(number(args[0]));
}

static void job_spin(char **args)
{
	struct timespec now;
	int64_t end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + number(args[0]);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec * 1000LL + now.tv_nsec / 1000000 < end);
}

/* Uses the CPU for so many milliseconds, however long that takes. */
static void job_burn(char **args)
{
	struct timespec used;
	int64_t ms = number(args[0]), start = -1, now;

	do {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
		now = used.tv_sec * 1000LL + used.tv_nsec / 1000000;
		start = start < 0 ? now : start;
	} while (now - start < ms);
}

/* So many children use this CPU at the same time until MS have passed. */
static void job_crowd(char **args)
{
	for (long n = number(args[0]); n > 0; n--) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0) {
			job_spin(&args[1]);
			_exit(0);
		}
	}
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

/* Until this process sleeps. */
static void await_sleep(pid_t pid)
{
	char path[64], text[512];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		nap(1);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		close(fd);
		if (got <= 0)
			die("%s", path);
		text[got] = '\0';
	} while (!strstr(text, ") S "));
}

/* A child wakes this process from its read so many times. */
static void job_wakes(char **args)
{
	pid_t self = getpid();
	int pipes[2];
	char byte = 0;
	pid_t pid;

	if (pipe(pipes) || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		for (long n = number(args[0]); n > 0; n--) {
			await_sleep(self);
			if (write(pipes[1], &byte, 1) != 1)
				die("write");
		}
		_exit(0);
	}
	printf("child %d\n", pid);
	for (long n = number(args[0]); n > 0; n--)
		if (read(pipes[0], &byte, 1) != 1)
			die("read");
	close(pipes[0]);
	close(pipes[1]);
	waitpid(pid, NULL, 0);
}

/* Allocates COUNT times SIZE bytes, in this function, and frees FREED of these. */
static void __attribute__((noinline)) job_leak(char **args)
{
	size_t size = number(args[0]);
	long count = number(args[1]), freed = number(args[2]);
	void *volatile *all = mmap(NULL, count * sizeof(*all), PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (long i = 0; i < count; i++)
		all[i] = malloc(size);
	for (long i = 0; i < freed; i++)
		free(all[i]);
}

/* Opens COUNT pipes, which stay open. */
static void job_pipes(char **args)
{
	int fds[2];

	for (long n = number(args[0]); n > 0; n--)
		if (pipe(fds))
			die("pipe");
}

/* One of each kind, and a realloc() of it; nothing is freed. */
static void job_allocators(char **args)
{
	void *volatile aligned[2], *volatile block;

	block = calloc(10, 1000);
	block = realloc(block, 20000);
	if (posix_memalign((void **)&aligned[0], 64, 30000))
		die("memory");
	aligned[1] = aligned_alloc(64, 40000);
	(void)args;
}

/* Writes to each of the first PAGES pages of a private mapping of the file. */
static void job_private(char **args)
{
	long pages = number(args[1]), size = sysconf(_SC_PAGESIZE);
	int fd = open(args[0], O_RDONLY | O_CLOEXEC);
	volatile char *bytes = mmap(NULL, pages * size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (fd < 0 || bytes == MAP_FAILED)
		die("%s", args[0]);
	for (long i = 0; i < pages; i++)
		bytes[i * size] = 1;
	munmap((void *)bytes, pages * size);
	close(fd);
}

/* Waits COUNT times on one futex, until a child wakes it MS after it sleeps. */
static void job_futex(char **args)
{
	uint32_t *lock =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long count = number(args[1]);
	pid_t self = getpid(), pid = fork();

	if (lock == MAP_FAILED || pid < 0)
		die("fork");
	for (long n = 0; pid == 0 && n < count; n++) {
		await_sleep(self);
		nap(number(args[0]));
		__atomic_add_fetch(lock, 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, lock, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	if (pid == 0)
		_exit(0);
	printf("lock %p\n", (void *)lock);
	for (long n = 0; n < count; n++)
		while (__atomic_load_n(lock, __ATOMIC_SEQ_CST) == n)
			syscall(SYS_futex, lock, FUTEX_WAIT, n, NULL, NULL, 0);
	waitpid(pid, NULL, 0);
}

/* A child reads from a terminal, and holds its mutex meanwhile; this process waits for that mutex
 * until a line comes MS later. Then it reads a line of its own. */
static void job_tty_lock(char **args)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	pid_t self = getpid(), reader, writer;
	char line[8];

	if (master < 0 || grantpt(master) || unlockpt(master))
		die("terminal");
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || (reader = fork()) < 0)
		die("terminal");
	if (reader == 0)
		_exit(read(slave, line, sizeof(line)) != 2);
	await_sleep(reader);
	if ((writer = fork()) < 0)
		die("fork");
	for (int i = 0; writer == 0 && i < 2; i++) {
		if (i == 0)
			await_sleep(self);
		nap(number(args[0]));
		if (write(master, "x\n", 2) != 2)
			die("write");
	}
	if (writer == 0)
		_exit(0);
	if (read(slave, line, sizeof(line)) != 2)
		die("read");
	while (wait(NULL) > 0)
		;
	close(slave);
	close(master);
}

static pthread_mutex_t mutexes[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static pid_t lockers[2];

/* Until this thread waits for the mutex, whose first word is its futex. */
static void await_mutex(pid_t tid, const pthread_mutex_t *mutex)
{
	char path[64], text[256], wanted[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	snprintf(wanted, sizeof(wanted), "%d %p ", SYS_futex, (const void *)mutex);
	do {
		nap(1);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		close(fd);
		if (got <= 0)
			die("%s", path);
		text[got] = '\0';
	} while (strncmp(text, wanted, strlen(wanted)));
}

static void *lock_both(void *ctx)
{
	int mine = ctx != NULL;

	pthread_mutex_lock(&mutexes[mine]);
	__atomic_store_n(&lockers[mine], (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	/* The second one closes the circle. */
	if (mine == 0)
		while (!__atomic_load_n(&lockers[1], __ATOMIC_SEQ_CST))
			nap(1);
	else
		while (!__atomic_load_n(&lockers[0], __ATOMIC_SEQ_CST))
			nap(1);
	if (mine == 1)
		await_mutex(lockers[0], &mutexes[1]);
	pthread_mutex_lock(&mutexes[!mine]);
	return NULL;
}

/* Two threads that wait for each other's mutex until the process ends. */
static void job_deadlock(char **args)
{
	pthread_t threads[2];

	(void)args;
	if (pthread_create(&threads[0], NULL, lock_both, NULL) ||
	    pthread_create(&threads[1], NULL, lock_both, threads))
		die("threads");
	while (!__atomic_load_n(&lockers[0], __ATOMIC_SEQ_CST) ||
	       !__atomic_load_n(&lockers[1], __ATOMIC_SEQ_CST))
		nap(1);
	await_mutex(lockers[1], &mutexes[0]);
	printf("first %p\nsecond %p\nlocker %d\n", (void *)&mutexes[0], (void *)&mutexes[1],
	       lockers[1]);
}

/* Takes two mutexes in one order and in the other, COUNT times, and never waits. */
static void job_lock_order(char **args)
{
	for (long n = number(args[0]); n > 0; n--) {
		for (int first = 0; first < 2; first++) {
			pthread_mutex_lock(&mutexes[first]);
			pthread_mutex_lock(&mutexes[!first]);
			pthread_mutex_unlock(&mutexes[!first]);
			pthread_mutex_unlock(&mutexes[first]);
		}
	}
	printf("first %p\nsecond %p\n", (void *)&mutexes[0], (void *)&mutexes[1]);
}

static void act_touch(void *ctx)
{
	/* Before there is too little memory for it. */
	printf("child %d\n", getpid());
	size_t size = *(long *)ctx;
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (bytes == MAP_FAILED)
		die("mmap");
	for (size_t off = 0; off < size; off += 4096)
		((volatile char *)bytes)[off] = 1;
	_exit(0);
}

/* In a child, which the kernel may well kill for it. */
static void job_touch(char **args)
{
	long size = number(args[0]);
	int status = child(act_touch, &size);

	/* What the kernel did to it. */
	printf("touched %s\n", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "all");
}

/* What Python, Java, Ruby and Node say of a garbage collection of MS, COUNT times. */
static void job_gc(char **args)
{
	for (long n = number(args[2]); n > 0; n--) {
		if (!strcmp(args[0], "python"))
			DTRACE_PROBE1(python, gc__start, 2);
		else if (!strcmp(args[0], "java"))
			DTRACE_PROBE1(hotspot, gc__begin, 1);
		else if (!strcmp(args[0], "ruby"))
			DTRACE_PROBE(ruby, gc__mark__begin);
		else
			DTRACE_PROBE3(node, gc__start, 1, 0, NULL);
		nap(number(args[1]));
		if (!strcmp(args[0], "python"))
			DTRACE_PROBE1(python, gc__done, 7L);
		else if (!strcmp(args[0], "java"))
			DTRACE_PROBE(hotspot, gc__end);
		else if (!strcmp(args[0], "ruby"))
			DTRACE_PROBE(ruby, gc__mark__end);
		else
			DTRACE_PROBE3(node, gc__done, 1, 0, NULL);
	}
}

struct query_data {
	const char *text;
	unsigned int length;
};

/* The functions of MySQL and of MariaDB that run a command. */
int mysql_dispatch(void *thread, const struct query_data *data, int command) __asm__(
	"_Z16dispatch_commandP3THDPK8COM_DATA19enum_server_command");
int __attribute__((noinline, noclone, used, visibility("default")))
mysql_dispatch(void *thread, const struct query_data *data, int command)
{
	nap((long)thread);
	__asm__ volatile("" : "+r"(data), "+r"(command) : : "memory");
	return command;
}

int mariadb_dispatch(int command, void *thread, const char *packet, unsigned int length,
		     bool last) __asm__("_Z16dispatch_command19enum_server_commandP3THDPcjb");
int __attribute__((noinline, noclone, used, visibility("default")))
mariadb_dispatch(int command, void *thread, const char *packet, unsigned int length, bool last)
{
	nap((long)thread);
	__asm__ volatile("" : "+r"(packet), "+r"(length) : : "memory");
	return command + last;
}

/* A query of MS, as a database server runs it, and another command. */
static void job_query(char **args)
{
	struct query_data data = { args[1], (unsigned int)strlen(args[1]) };
	long ms = number(args[2]);

	if (!strcmp(args[0], "postgresql")) {
		DTRACE_PROBE1(postgresql, query__start, args[1]);
		nap(ms);
		DTRACE_PROBE1(postgresql, query__done, args[1]);
	} else if (!strcmp(args[0], "mysql")) {
		mysql_dispatch((void *)ms, &data, 3);
		mysql_dispatch((void *)ms, &data, 14);
	} else {
		mariadb_dispatch(3, (void *)ms, data.text, data.length, false);
		mariadb_dispatch(14, (void *)ms, data.text, data.length, false);
	}
}

/* Two requests of MS, as PHP or Node serve them; Node's overlap. */
static void job_request(char **args)
{
	const char *get = "GET", *post = "POST", *first = "/first", *second = "/second?x=1";
	long ms = number(args[1]);

	if (!strcmp(args[0], "php")) {
		DTRACE_PROBE3(php, request__startup, "index.php", first, get);
		nap(ms);
		DTRACE_PROBE3(php, request__shutdown, "index.php", first, get);
		DTRACE_PROBE3(php, request__startup, "index.php", second, post);
		nap(ms);
		DTRACE_PROBE3(php, request__shutdown, "index.php", second, post);
		return;
	}
	DTRACE_PROBE7(node, http__server__request, NULL, NULL, "127.0.0.1", 1, get, first, 20);
	DTRACE_PROBE7(node, http__server__request, NULL, NULL, "127.0.0.1", 2, post, second, 21);
	nap(ms);
	DTRACE_PROBE4(node, http__server__response, NULL, "127.0.0.1", 2, 21);
	nap(ms);
	DTRACE_PROBE4(node, http__server__response, NULL, "127.0.0.1", 1, 20);
}

/* For uprobes: called a known number of times with a known argument. */
int traffic_probe(int round);
int __attribute__((noinline, noclone, used, visibility("default"))) traffic_probe(int round)
{
	__asm__ volatile("" : "+r"(round) : : "memory");
	return round * 2;
}

/* For uretprobes: it calls itself, and each call sleeps a millisecond. */
int traffic_nested(int depth);
int __attribute__((noinline, noclone, used, visibility("default"))) traffic_nested(int depth)
{
	int below;

	nap(1);
	below = depth > 1 ? traffic_nested(depth - 1) : 0;
	__asm__ volatile("" : "+r"(below) : : "memory");
	return below + 1;
}

static void job_nested(char **args)
{
	if (traffic_nested((int)number(args[0])) != number(args[0]))
		die("traffic_nested");
}

static void job_probe(char **args)
{
	for (long n = number(args[0]), i = 0; i < n; i++)
		if (traffic_probe(i) != i * 2)
			die("traffic_probe");
}

static const struct job jobs[] = {
	{ "getppid", "COUNT", 1, job_getppid },
	{ "cpu", "NUMBER", 1, job_cpu },
	{ "burn", "MS", 1, job_burn },
	{ "crowd", "COUNT,MS", 2, job_crowd },
	{ "wakes", "COUNT", 1, job_wakes },
	{ "leak", "SIZE,COUNT,FREED", 3, job_leak },
	{ "pipes", "COUNT", 1, job_pipes },
	{ "allocators", "", 0, job_allocators },
	{ "private", "PATH,PAGES", 2, job_private },
	{ "futex", "MS,COUNT", 2, job_futex },
	{ "tty-lock", "MS", 1, job_tty_lock },
	{ "deadlock", "", 0, job_deadlock },
	{ "lock-order", "COUNT", 1, job_lock_order },
	{ "open", "PATH,COUNT", 2, job_open },
	{ "open-missing", "PATH,COUNT", 2, job_open_missing },
	{ "exec", "PATH,COUNT", 2, job_exec },
	{ "exit", "CODE,COUNT", 2, job_exit },
	{ "kill", "SIGNAL,COUNT", 2, job_kill },
	{ "tcp", "ADDRESS,BYTES,COUNT", 3, job_tcp },
	{ "udp", "ADDRESS,BYTES,COUNT", 3, job_udp },
	{ "hold", "ADDRESS,COUNT,MS", 3, job_hold },
	{ "http", "ADDRESS,COUNT", 2, job_http },
	{ "refused", "ADDRESS,COUNT", 2, job_refused },
	{ "backlog", "ADDRESS,COUNT,MS", 3, job_backlog },
	{ "late", "ADDRESS,BYTES,COUNT,MS", 4, job_late },
	{ "udp-to", "ADDRESS,PORT,BYTES,COUNT", 4, job_udp_to },
	{ "bind", "ADDRESS,PORT,COUNT", 3, job_bind },
	{ "resolve", "NAME,COUNT", 2, job_resolve },
	{ "dns", "ADDRESS,COUNT,MS", 3, job_dns },
	{ "hello", "ADDRESS,NAME,COUNT", 3, job_hello },
	{ "unanswered", "ADDRESS,PORT,MS", 3, job_unanswered },
	{ "port", "", 0, job_port },
	{ "write", "PATH,BYTES,COUNT", 3, job_write },
	{ "write-direct", "PATH,BYTES,COUNT", 3, job_write_direct },
	{ "read", "PATH,BYTES,COUNT", 3, job_read },
	{ "put", "PATH,TEXT", 2, job_put },
	{ "forget", "PATH", 1, job_forget },
	{ "chroot", "COUNT", 1, job_chroot },
	{ "sleep", "MS", 1, job_sleep },
	{ "naps", "MS,COUNT", 2, job_naps },
	{ "spin", "MS", 1, job_spin },
	{ "touch", "BYTES", 1, job_touch },
	{ "probe", "COUNT", 1, job_probe },
	{ "nested", "DEPTH", 1, job_nested },
	{ "gc", "RUNTIME,MS,COUNT", 3, job_gc },
	{ "query", "SERVER,TEXT,MS", 3, job_query },
	{ "request", "SERVER,MS", 2, job_request },
	{ 0 },
};

static const struct job *const all_jobs[] = { jobs, system_jobs };

/* Calls `act` for each job until it returns true. */
static bool each_job(bool (*act)(const struct job *job, void *ctx), void *ctx)
{
	for (size_t i = 0; i < sizeof(all_jobs) / sizeof(all_jobs[0]); i++)
		for (const struct job *job = all_jobs[i]; job->name; job++)
			if (act(job, ctx))
				return true;
	return false;
}

static bool print_job(const struct job *job, void *ctx)
{
	fprintf(stderr, "  %s%s%s\n", job->name, *job->args ? "," : "", job->args);
	return false;
}

static void __attribute__((noreturn)) usage(void)
{
	fputs("usage: traffic [--now] [--comm NAME] [--uid UID] JOB[,ARGUMENT...]...\njobs:\n",
	      stderr);
	each_job(print_job, NULL);
	exit(2);
}

struct call {
	const char *name;
	char *args[MAX_ARGS];
	int count;
};

static bool run_named(const struct job *job, void *ctx)
{
	struct call *call = ctx;

	if (strcmp(job->name, call->name) || job->count != call->count)
		return false;
	job->run(call->args);
	return true;
}

/* Arguments are separated by commas, since addresses have colons. */
static void run_job(char *text)
{
	char *rest = text;
	struct call call = { .name = strsep(&rest, ",") };

	while (rest && call.count < MAX_ARGS)
		call.args[call.count++] = strsep(&rest, ",");
	if (rest || !each_job(run_named, &call))
		usage();
}

int main(int argc, char **argv)
{
	bool now = false;
	long uid = -1;
	char byte;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--now"))
			now = true;
		else if (!strcmp(argv[i], "--comm") && i + 1 < argc)
			prctl(PR_SET_NAME, argv[++i]);
		else if (!strcmp(argv[i], "--uid") && i + 1 < argc)
			uid = number(argv[++i]);
		else
			usage();
	}
	if (i == argc)
		usage();
	if (uid >= 0 && setresuid(uid, uid, uid))
		die("setresuid");
	if (!now) {
		printf("pid %d\n", getpid());
		if (read(STDIN_FILENO, &byte, 1) < 0)
			die("standard input");
	}
	for (; i < argc; i++)
		run_job(argv[i]);
	if (!now)
		puts("done");
	return 0;
}
