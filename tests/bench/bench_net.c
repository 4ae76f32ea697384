// SPDX-License-Identifier: Apache-2.0
/*
 * TCP traffic over the loopback interface, as a load to be measured.
 *
 *	bench_net latency		requests and answers of 64 bytes until it is ended; for each
 *					thousand the monotonic time of its end and the median of
 *					their times, in ns
 *	bench_net connect RATE SECONDS	opens so many connections a second, each of which sends a
 *					byte and is closed; prints how many there were
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_BYTES 64
#define WINDOW 1000
#define BACKLOG 1024
#define NS_PER_S 1000000000ull
#define SLICE_NS 1000000ull

static struct sockaddr_in address;
static int listener;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static int must(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static int socket_new(void)
{
	int one = 1, fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int connected(void)
{
	int fd = socket_new();

	must(connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	return fd;
}

static void *serve(void *ctx)
{
	char bytes[MESSAGE_BYTES];
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		ssize_t n;

		while ((n = read(fd, bytes, sizeof(bytes))) > 0)
			if (!ctx && write(fd, bytes, (size_t)n) != n)
				break;
		close(fd);
	}
	return NULL;
}

static void listen_on_any(void)
{
	socklen_t len = sizeof(address);

	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket_new();
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
	must(listen(listener, BACKLOG), "listen");
	must(getsockname(listener, (struct sockaddr *)&address, &len), "getsockname");
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void latency(void)
{
	char bytes[MESSAGE_BYTES] = { 0 };
	uint32_t times[WINDOW];
	int fd = connected();

	for (;;) {
		uint64_t start = now_ns(), end;

		for (size_t i = 0; i < WINDOW; i++, start = end) {
			must((int)write(fd, bytes, sizeof(bytes)), "write");
			must((int)recv(fd, bytes, sizeof(bytes), MSG_WAITALL), "recv");
			end = now_ns();
			times[i] = (uint32_t)(end - start);
		}
		qsort(times, WINDOW, sizeof(*times), by_size);
		printf("%llu %u\n", (unsigned long long)start, times[WINDOW / 2]);
		fflush(stdout);
	}
}

/* In slices of a millisecond; what a slice could not do comes in a later one. An end that closes
 * first by a reset leaves no TIME_WAIT behind, of which ports are few. */
static void connect_at(uint64_t rate, uint64_t seconds)
{
	const struct linger reset = { 1, 0 };
	uint64_t start = now_ns(), end = start + seconds * NS_PER_S, now, done = 0;

	while ((now = now_ns()) < end) {
		uint64_t due = (now - start) * rate / NS_PER_S;

		for (; done < due; done++) {
			int fd = connected();

			must((int)write(fd, "x", 1), "write");
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
			close(fd);
		}
		nanosleep(&(struct timespec){ .tv_nsec = SLICE_NS }, NULL);
	}
	printf("%llu\n", (unsigned long long)done);
}

int main(int argc, char **argv)
{
	bool connects = argc == 4 && strcmp(argv[1], "connect") == 0;
	pthread_t thread;

	if (!connects && !(argc == 2 && strcmp(argv[1], "latency") == 0)) {
		fprintf(stderr, "bench_net latency, or connect RATE SECONDS\n");
		return 2;
	}
	listen_on_any();
	must(-pthread_create(&thread, NULL, serve, connects ? argv : NULL), "thread");
	if (connects)
		connect_at(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
	else
		latency();
	return 0;
}
