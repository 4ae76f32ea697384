// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "base/net/listen.h"

#define BACKLOG 64
#define HOST_MAX 256

struct place {
	char host[HOST_MAX]; /* "": all interfaces */
	char port[8];
};

static int bad_place(struct err *err, const char *text)
{
	err_exit(err, EXIT_USAGE);
	err_hint(err,
		 "HOST:PORT, [IPV6]:PORT, or :PORT for all interfaces; for example 127.0.0.1:9091");
	return err_set(err, EINVAL, "'%s' is no address to listen on", text);
}

static int split(const char *text, struct place *ret)
{
	const char *host = text, *end, *port;
	uint64_t number;

	if (text[0] == '[') {
		host++;
		end = strchr(host, ']');
		if (!end || end[1] != ':')
			return -EINVAL;
		port = end + 2;
	} else if ((end = strchr(text, ':'))) {
		port = end + 1;
	} else {
		host = "127.0.0.1";
		end = host + strlen(host);
		port = text;
	}
	/* Digits only, and no second colon: an IPv6 address needs its brackets. */
	if (!port[0] || port[strspn(port, "0123456789")] || parse_u64(port, &number) < 0 ||
	    number > UINT16_MAX || (size_t)(end - host) >= sizeof(ret->host))
		return -EINVAL;
	memcpy(ret->host, host, end - host);
	ret->host[end - host] = '\0';
	snprintf(ret->port, sizeof(ret->port), "%u", (unsigned)number);
	return 0;
}

static int listen_on(const struct addrinfo *ai, bool any)
{
	_cleanup_close_ int fd = -1;
	int on = 1, off = 0;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, any ? &off : &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return steal_fd(&fd);
}

/* All interfaces: one IPv6 socket takes both versions; IPv4 where the kernel has no IPv6. */
static int listen_any(const char *port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_any };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct addrinfo ai = { .ai_family = AF_INET6,
			       .ai_addr = (struct sockaddr *)&v6,
			       .ai_addrlen = sizeof(v6) };
	uint64_t number = 0;
	int fd;

	parse_u64(port, &number);
	v6.sin6_port = v4.sin_port = htons((uint16_t)number);
	fd = listen_on(&ai, true);
	if (fd >= 0 || fd == -EADDRINUSE || fd == -EACCES)
		return fd;
	ai = (struct addrinfo){ .ai_family = AF_INET,
				.ai_addr = (struct sockaddr *)&v4,
				.ai_addrlen = sizeof(v4) };
	return listen_on(&ai, true);
}

static int listen_host(const struct place *place, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *list, *ai;
	int code, fd = -EADDRNOTAVAIL;

	code = getaddrinfo(place->host, place->port, &hints, &list);
	if (code)
		return err_set(err, ENOENT, "unknown host '%s': %s", place->host,
			       gai_strerror(code));
	for (ai = list; ai; ai = ai->ai_next) {
		fd = listen_on(ai, false);
		if (fd >= 0)
			break;
	}
	freeaddrinfo(list);
	return fd;
}

int listen_tcp(const char *text, uint16_t *ret_port, struct err *err)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} bound;
	socklen_t len = sizeof(bound);
	struct place place = { 0 };
	_cleanup_close_ int fd = -1;

	if (split(text, &place) < 0)
		return bad_place(err, text);
	fd = place.host[0] ? listen_host(&place, err) : listen_any(place.port);
	if (fd == -ENOENT)
		return fd;
	if (fd < 0) {
		if (fd == -EADDRINUSE)
			err_hint(err, "another program has this port; choose another, or 0 for a "
				      "free one");
		return err_sys(err, -fd, "cannot listen on %s", text);
	}
	memset(&bound, 0, sizeof(bound));
	if (getsockname(fd, &bound.any, &len) < 0)
		return err_sys(err, errno, "cannot listen on %s", text);
	*ret_port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
	return steal_fd(&fd);
}

int listen_taken(int fd, uint16_t *ret_port, struct err *err)
{
	struct sockaddr_storage addr = { 0 };
	const struct sockaddr_in *v4 = (const void *)&addr;
	const struct sockaddr_in6 *v6 = (const void *)&addr;
	socklen_t len = sizeof(addr), on_len = sizeof(int);
	int on = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &on_len) < 0 || !on ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) < 0 ||
	    (addr.ss_family != AF_INET && addr.ss_family != AF_INET6))
		return err_set(err, ENOTSOCK, "descriptor %d is no TCP socket that listens", fd);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		return err_sys(err, errno, "descriptor %d", fd);
	*ret_port = ntohs(addr.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
	return fd;
}
