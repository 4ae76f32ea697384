// SPDX-License-Identifier: Apache-2.0
/* Jobs of traffic.c that are about connections, packets and names. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/traffic.h"

enum { MAX_HELD = 64 };

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

const struct job network_jobs[] = {
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
	{ 0 },
};
