// SPDX-License-Identifier: Apache-2.0
#include "runner/load/loader/desk.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/sandbox/packet.h"
#include "runner/load/loader/request.h"

#define CHECK_MS 1000 /* between two looks at what came online */

struct desk {
	int fd;
	struct arena arena; /* of the object's request */
	void *bytes;
	size_t len;
	struct object *object; /* NULL: none, or it is handed over whole */
};

static int send_fds(int fd, const struct handed *handed, size_t count)
{
	int fds[PACKET_MAX_FDS], code = 0;

	for (size_t at = 0; at < count && code == 0; at += PACKET_MAX_FDS) {
		size_t some = MIN(count - at, (size_t)PACKET_MAX_FDS);

		for (size_t i = 0; i < some; i++)
			fds[i] = handed[at + i].fd;
		code = packet_send(fd, "", 1, fds, some);
	}
	return code;
}

static int send_object(struct desk *desk, struct object_reply *reply)
{
	_cleanup_strbuf_ struct strbuf body = STRBUF_INIT(REPLY_MAX_BYTES);
	_cleanup_free_ struct handed_prog *progs = NULL;
	_cleanup_free_ struct handed *handed = NULL;
	_cleanup_close_ int file = -1;
	size_t count;
	int code;

	reply->keeps = object_hand_over(desk->object, &handed, &count);
	reply->count = (uint32_t)count;
	reply->nprogs = object_plan(desk->object)->nprogs;
	reply->times = object_times(desk->object);
	progs = xcalloc(reply->nprogs + 1, sizeof(*progs));
	object_hand_status(desk->object, progs);
	strbuf_add(&body, progs, reply->nprogs * sizeof(*progs));
	strbuf_add(&body, handed, count * sizeof(*handed));
	file = packet_file(strbuf_str(&body), body.len);
	if (file < 0 || body.full)
		return file < 0 ? file : -EFBIG;
	code = packet_send(desk->fd, reply, sizeof(*reply), &file, 1);
	return code < 0 ? code : send_fds(desk->fd, handed, count);
}

static int start_object(struct desk *desk, int file, struct err *err)
{
	struct object_request request = { 0 };
	int code = packet_map(file, REQUEST_MAX_BYTES, &desk->bytes, &desk->len);

	if (code == 0)
		code = object_request_unpack(&request, desk->bytes, desk->len, &desk->arena);
	if (code < 0)
		return err_sys(err, -code, "the loader got a request that it cannot read");
	log_level = (enum log_level)MIN(request.log_level, (uint32_t)LOG_DEBUG);
	code = object_open(&desk->object, request.name, request.elf, request.elf_bytes,
			   &request.opts, err);
	if (code == 0)
		code = object_start(desk->object, err);
	if (code == 0 && request.statistics)
		object_enable_stats(desk->object);
	return code;
}

/* False: the desk closes. */
static bool serve_object(struct desk *desk, int file)
{
	struct object_reply reply = { 0 };

	if (desk->object || desk->bytes)
		return false; /* one each */
	reply.code = start_object(desk, file, &reply.err);
	if (reply.code == 0)
		reply.code = send_object(desk, &reply);
	else
		packet_send(desk->fd, &reply, sizeof(reply), NULL, 0);
	return reply.code == 0 && reply.keeps;
}

static bool serve_one(struct desk *desk)
{
	char byte;
	int file = -1, len;
	size_t nfds = 0;
	bool goes_on = false;

	len = packet_receive(desk->fd, &byte, 1, &file, 1, &nfds);
	if (len == 1 && nfds == 1)
		goes_on = serve_object(desk, file);
	if (nfds)
		close(file);
	return goes_on;
}

void desk_serve(int fd)
{
	struct desk desk = { .fd = fd };
	bool goes_on = true;

	while (goes_on) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int ready = poll(&wait, 1, desk.object ? CHECK_MS : -1);

		if (ready > 0)
			goes_on = serve_one(&desk);
		else if (ready == 0)
			object_check(desk.object);
	}
	object_free(desk.object);
	if (desk.bytes)
		munmap(desk.bytes, desk.len);
	arena_release(&desk.arena);
}
