// SPDX-License-Identifier: Apache-2.0
/*
 * For sock-trace: two connections to a server of its own, over loopback, which sends back what it
 * gets. The first is followed by the kernel, the second is not.
 *
 *	sock [BYTES [ROUNDS]]
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "demos/demo.h"

#define USAGE "sock [BYTES [ROUNDS]]"
#define CONNECTIONS 2
#define KIND_CLIENT 3

enum { BYTES_MAX = 1 << 18 };

static void __attribute__((noreturn)) fail(const char *what)
{
	perror(what);
	exit(1);
}

static void *serve(void *ctx)
{
	static char bytes[1 << 16];
	int listener = *(int *)ctx;

	for (int i = 0; i < CONNECTIONS; i++) {
		int fd = accept(listener, NULL, NULL);
		ssize_t got;

		while (fd >= 0 && (got = read(fd, bytes, sizeof(bytes))) > 0)
			if (write(fd, bytes, got) != got)
				break;
		close(fd);
	}
	return NULL;
}

/* A step of the connection: what the kernel does for it from now on is below this span. */
static void begin(struct bombus_span *step, const struct bombus_span *root, const char *name,
		  int fd, int followed)
{
	bombus_span_start(step, root, name);
	if (followed)
		bombus_follow_socket(fd, step);
}

static void all(int fd, char *bytes, size_t len, ssize_t (*move)(int, void *, size_t),
		const char *what)
{
	while (len) {
		ssize_t moved = move(fd, bytes, len);

		if (moved <= 0)
			fail(what);
		len -= moved;
	}
}

static ssize_t send_some(int fd, void *bytes, size_t len)
{
	return write(fd, bytes, len);
}

static void talk(const struct bombus_span *root, const struct sockaddr_in *server, size_t len,
		 long rounds, int followed)
{
	static char bytes[BYTES_MAX];
	struct bombus_span step;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		fail("socket");
	begin(&step, root, "dial", fd, followed);
	if (connect(fd, (const struct sockaddr *)server, sizeof(*server)))
		fail("connect");
	bombus_span_end(&step);
	while (rounds--) {
		begin(&step, root, "write", fd, followed);
		all(fd, bytes, len, send_some, "write");
		bombus_span_end(&step);
		begin(&step, root, "read", fd, followed);
		all(fd, bytes, len, read, "read");
		bombus_span_end(&step);
	}
	begin(&step, root, "close", fd, followed);
	close(fd);
	bombus_span_end(&step);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	long len = demo_number(argc, argv, 1, 1000, BYTES_MAX, USAGE);
	long rounds = demo_number(argc, argv, 2, 1, 100000, USAGE);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t addr_len = sizeof(addr);
	struct bombus_span root, part;
	pthread_t server;

	if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(listener, 1) || getsockname(listener, (struct sockaddr *)&addr, &addr_len))
		fail("listen");
	if (pthread_create(&server, NULL, serve, &listener))
		fail("thread");
	demo_begin(&root, "sock demo");
	bombus_span_start(&part, &root, "followed");
	part.kind = KIND_CLIENT;
	talk(&part, &addr, len, rounds, 1);
	bombus_span_end(&part);
	bombus_span_start(&part, &root, "not followed");
	part.kind = KIND_CLIENT;
	talk(&part, &addr, len, rounds, 0);
	bombus_span_end(&part);
	bombus_span_end(&root);
	pthread_join(server, NULL);
	return 0;
}
