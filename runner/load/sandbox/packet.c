// SPDX-License-Identifier: Apache-2.0
#include "runner/load/sandbox/packet.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/util.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int packet_pair(int ret[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}

int packet_send(int fd, const void *bytes, size_t len, const int *fds, size_t nfds)
{
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(PACKET_MAX_FDS * sizeof(int))] = { 0 };
	struct iovec part = { (void *)bytes, len };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent;

	if (nfds > PACKET_MAX_FDS)
		return -EMSGSIZE;
	if (nfds) {
		struct cmsghdr *head = (void *)room;

		msg.msg_control = room;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(head), fds, nfds * sizeof(int));
	}
	do
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static void close_all(const int *fds, size_t nfds)
{
	for (size_t i = 0; i < nfds; i++)
		close(fds[i]);
}

/* Takes the descriptors over; those that there is no room for are closed. */
static bool take_fds(struct msghdr *msg, int *fds, size_t max_fds, size_t *ret_nfds)
{
	bool fits = true;

	for (struct cmsghdr *head = CMSG_FIRSTHDR(msg); head; head = CMSG_NXTHDR(msg, head)) {
		size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int some[PACKET_MAX_FDS + 64];

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		count = MIN(count, ARRAY_LEN(some));
		memcpy(some, CMSG_DATA(head), count * sizeof(int));
		if (count > max_fds - *ret_nfds) {
			close_all(some, count);
			fits = false;
			continue;
		}
		memcpy(fds + *ret_nfds, some, count * sizeof(int));
		*ret_nfds += count;
	}
	return fits;
}

int packet_receive(int fd, void *bytes, size_t size, int *fds, size_t max_fds, size_t *ret_nfds)
{
	_Alignas(struct cmsghdr) char room[CMSG_SPACE((PACKET_MAX_FDS + 64) * sizeof(int))];
	struct iovec part = { bytes, size };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = room,
			      .msg_controllen = sizeof(room) };
	size_t nfds = 0;
	ssize_t len;
	bool fits;

	do
		len = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	fits = take_fds(&msg, fds, max_fds, &nfds);
	if (!fits || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		close_all(fds, nfds);
		return -EMSGSIZE;
	}
	*ret_nfds = nfds;
	return (int)len;
}

int packet_file(const void *bytes, size_t len)
{
	int fd = memfd_create("bombus-packet", MFD_CLOEXEC | MFD_ALLOW_SEALING), code = 0;

	if (fd < 0)
		return -errno;
	code = write_all(fd, bytes, len);
	if (code == 0 && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		code = -errno;
	if (code == 0)
		return fd;
	close(fd);
	return code;
}

int packet_map(int fd, size_t max_bytes, void **ret, size_t *ret_len)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *at;

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 || st.st_size <= 0)
		return -EINVAL;
	if ((uint64_t)st.st_size > max_bytes)
		return -EFBIG;
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*ret = at;
	*ret_len = (size_t)st.st_size;
	return 0;
}
