// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/dogstatsd/dogstatsd_socket.h"

#include <endian.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/sink/dogstatsd/dogstatsd_config.h"

#define NS_PER_MS 1000000

struct dogstatsd_socket {
	const struct dogstatsd_config *config;
	struct sockaddr_storage address;
	socklen_t address_len;
	int fd; /* -1: not connected */
	bool is_stream, tried;
	int error; /* of this round's connection; 0: none */
	uint64_t deadline_ns;
};

const char *dogstatsd_drop_name(enum dogstatsd_drop drop)
{
	static const char *const names[DOGSTATSD_DROPS] = {
		[DOGSTATSD_TOO_LARGE] = "too_large", [DOGSTATSD_REFUSED] = "refused",
		[DOGSTATSD_ABSENT] = "absent",	     [DOGSTATSD_FULL] = "full",
		[DOGSTATSD_ERROR] = "error",
	};

	return names[drop];
}

static enum dogstatsd_drop drop_of(int code)
{
	switch (code) {
	case EMSGSIZE:
		return DOGSTATSD_TOO_LARGE;
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return DOGSTATSD_REFUSED;
	case ENOENT:
		return DOGSTATSD_ABSENT;
	case EAGAIN:
	case ENOBUFS:
	case ETIMEDOUT:
		return DOGSTATSD_FULL;
	default:
		return DOGSTATSD_ERROR;
	}
}

static int find_host(struct dogstatsd_socket *s, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found;
	int code = getaddrinfo(s->config->host, s->config->port, &hints, &found);

	if (code)
		return err_set(err, EADDRNOTAVAIL, "DogStatsD: cannot find the host %s: %s",
			       s->config->host, gai_strerror(code));
	memcpy(&s->address, found->ai_addr, found->ai_addrlen);
	s->address_len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int dogstatsd_socket_new(struct dogstatsd_socket **ret, const struct dogstatsd_config *config,
			 struct err *err)
{
	struct dogstatsd_socket *s = xcalloc(1, sizeof(*s));
	struct sockaddr_un *local = (struct sockaddr_un *)&s->address;
	int code = 0;

	s->config = config;
	s->fd = -1;
	if (config->transport == DOGSTATSD_UDP) {
		code = find_host(s, err);
	} else {
		local->sun_family = AF_UNIX;
		memcpy(local->sun_path, config->path, strlen(config->path) + 1);
		s->address_len = sizeof(*local);
	}
	if (code < 0) {
		free(s);
		return code;
	}
	*ret = s;
	return 0;
}

void dogstatsd_socket_free(struct dogstatsd_socket *s)
{
	if (!s)
		return;
	close_fd(&s->fd);
	free(s);
}

void dogstatsd_socket_round(struct dogstatsd_socket *s, uint64_t deadline_ns)
{
	s->tried = false;
	s->error = 0;
	s->deadline_ns = deadline_ns;
}

static void leave(struct dogstatsd_socket *s, int error)
{
	close_fd(&s->fd);
	s->fd = -1;
	s->error = error;
}

static int connect_as(struct dogstatsd_socket *s, bool is_stream)
{
	int type = is_stream ? SOCK_STREAM : SOCK_DGRAM;
	_cleanup_close_ int fd =
		socket(s->address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&s->address, s->address_len) < 0)
		return -errno;
	s->is_stream = is_stream;
	s->fd = steal_fd(&fd);
	return 0;
}

/* Once a round: the answer does not change that fast. */
static int connect_again(struct dogstatsd_socket *s)
{
	int ret;

	if (s->fd >= 0)
		return 0;
	if (s->tried)
		return s->error;
	s->tried = true;
	ret = connect_as(s, s->config->transport == DOGSTATSD_UNIXSTREAM);
	if (ret == -EPROTOTYPE && s->config->transport == DOGSTATSD_UNIX)
		ret = connect_as(s, true);
	s->error = ret;
	return ret;
}

/* -ETIMEDOUT: the round's time is over. */
static int wait_for_room(const struct dogstatsd_socket *s)
{
	uint64_t now_ns = now_mono_ns();
	struct pollfd pfd = { .fd = s->fd, .events = POLLOUT };
	int ret;

	if (now_ns >= s->deadline_ns)
		return -ETIMEDOUT;
	ret = poll(&pfd, 1, (int)((s->deadline_ns - now_ns) / NS_PER_MS) + 1);
	return ret < 0 ? -errno : ret ? 0 : -ETIMEDOUT;
}

/* What an earlier packet, or this one, met on its way. */
static int pending_error(const struct dogstatsd_socket *s)
{
	socklen_t len = sizeof(int);
	int code = 0;

	getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &code, &len);
	return -code;
}

static int send_datagram(const struct dogstatsd_socket *s, const void *bytes, size_t len)
{
	for (;;) {
		int ret;

		if (send(s->fd, bytes, len, MSG_NOSIGNAL) >= 0)
			return pending_error(s);
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != ENOBUFS)
			return -errno;
		ret = wait_for_room(s);
		if (ret < 0)
			return ret;
	}
}

/* A packet that was begun is ended, or the connection is. */
static int send_framed(const struct dogstatsd_socket *s, const void *bytes, size_t len)
{
	uint32_t prefix = htole32((uint32_t)len);
	struct iovec parts[2] = { { &prefix, sizeof(prefix) }, { (void *)bytes, len } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	while (parts[0].iov_len + parts[1].iov_len) {
		ssize_t n = sendmsg(s->fd, &message, MSG_NOSIGNAL);
		int ret = n >= 0 || errno == EINTR ? 0
			  : errno == EAGAIN	   ? wait_for_room(s)
						   : -errno;

		if (ret < 0)
			return ret;
		for (size_t i = 0; i < 2 && n > 0; i++) {
			size_t took = MIN((size_t)n, parts[i].iov_len);

			parts[i].iov_base = (char *)parts[i].iov_base + took;
			parts[i].iov_len -= took;
			n -= (ssize_t)took;
		}
	}
	return 0;
}

int dogstatsd_socket_send(struct dogstatsd_socket *s, const void *bytes, size_t len,
			  enum dogstatsd_drop *ret_drop)
{
	int ret = connect_again(s);

	if (ret >= 0 && s->is_stream)
		ret = send_framed(s, bytes, len);
	else if (ret >= 0)
		ret = send_datagram(s, bytes, len);
	if (ret >= 0)
		return 0;
	/* A stream may have been cut within a packet. A datagram's server may come again elsewhere
	 * under the same path. */
	if (s->fd >= 0 && (s->is_stream || s->config->transport != DOGSTATSD_UDP) &&
	    (s->is_stream || ret != -ETIMEDOUT))
		leave(s, ret);
	*ret_drop = drop_of(-ret);
	return ret;
}
