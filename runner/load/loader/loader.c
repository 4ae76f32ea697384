// SPDX-License-Identifier: Apache-2.0
#include "runner/load/loader/loader.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/util.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/loader/desk.h"
#include "runner/load/loader/request.h"
#include "runner/load/sandbox/helper.h"
#include "runner/load/sandbox/packet.h"
#include "runner/load/sandbox/privileges.h"
#include "runner/load/sandbox/seccomp.h"

#define MAX_CHILDREN 1024 /* a front may ask for so many at the same time */

struct loader {
	struct helper helper;
};

/* ---- the loader ---- */

static const uint64_t kept =
	CAP_BIT(CAP_BPF) | CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_NET_ADMIN) | CAP_BIT(CAP_NET_RAW) |
	CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SYS_RESOURCE) | CAP_BIT(CAP_SYS_PTRACE) |
	CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_SYSLOG); /* to see addresses of the kernel */

/* For one socket: nothing else of this process is left in it. */
static _Noreturn void serve_desk(int fd)
{
	dup2(fd, STDERR_FILENO + 1);
	syscall(SYS_close_range, STDERR_FILENO + 2U, ~0U, 0U);
	desk_serve(STDERR_FILENO + 1);
	_exit(0);
}

static void loader_main(int fd, void *ctx)
{
	size_t children = 0, nfds;
	struct err err = { 0 };
	int desk, len;
	char byte;

	privileges_become(NULL, kept);
	if (seccomp_enter(SECCOMP_LOADS, &err) < 0)
		log_debug("the loader: %s", err.msg);
	while ((len = packet_receive(fd, &byte, 1, &desk, 1, &nfds)) > 0 || len == -EMSGSIZE) {
		while (children && waitpid(-1, NULL, WNOHANG) > 0)
			children--;
		if (len < 0 || nfds != 1)
			continue;
		/* Where none can be made the front sees its socket close. */
		if (children < MAX_CHILDREN) {
			pid_t child = fork();

			if (child == 0)
				serve_desk(desk);
			children += child > 0;
		}
		close(desk);
	}
}

/* ---- the front ---- */

int loader_start(struct loader **ret, struct err *err)
{
	struct helper helper;
	int code = helper_start(&helper, "bombus-loader", loader_main, NULL, -1);

	if (code < 0)
		return err_sys(err, -code, "cannot start the loader");
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->helper = helper;
	return 0;
}

void loader_free(struct loader *loader)
{
	if (loader)
		helper_stop(&loader->helper);
	free(loader);
}

int loader_fd(const struct loader *loader)
{
	return loader->helper.fd;
}

void loader_end(struct loader *loader, char *text, size_t size)
{
	int status = helper_wait(&loader->helper);

	if (WIFSIGNALED(status))
		snprintf(text, size, "the loader was killed by signal %d", WTERMSIG(status));
	else
		snprintf(text, size, "the loader ended with status %d", WEXITSTATUS(status));
}

/* A socket to a process of its own, or -errno. */
static int open_desk(struct loader *loader)
{
	int ends[2], code = packet_pair(ends);

	if (code < 0)
		return code;
	code = packet_send(loader->helper.fd, "", 1, &ends[1], 1);
	close(ends[1]);
	if (code == 0)
		return ends[0];
	close(ends[0]);
	return code;
}

static int send_request(int desk, const struct object *object, bool statistics)
{
	struct object_request full = { .name = object_name(object),
				       .opts = *object_options(object),
				       .statistics = statistics,
				       .log_level = log_level };
	_cleanup_close_ int file = -1;

	full.elf = object_bytes(object, &full.elf_bytes);
	if (!full.elf)
		return -EALREADY;
	file = object_request_pack(&full);
	return file < 0 ? file : packet_send(desk, "", 1, &file, 1);
}

/* All of them, or those before a failure are closed. */
static int receive_fds(int desk, struct handed *handed, size_t count)
{
	size_t have = 0, some = 0;
	int len = 1, fds[PACKET_MAX_FDS];
	char byte;

	while (have < count && len == 1) {
		some = 0;
		len = packet_receive(desk, &byte, 1, fds, PACKET_MAX_FDS, &some);
		if (len < 0 || !some || some > count - have)
			break;
		for (size_t i = 0; i < some; i++)
			handed[have++].fd = fds[i];
		some = 0;
	}
	if (have == count)
		return 0;
	for (size_t i = 0; i < some && len >= 0; i++)
		close(fds[i]);
	while (have)
		close(handed[--have].fd);
	return len < 0 ? len : -EPROTO;
}

/* The lists of the reply, checked; both point into one malloc'ed piece. */
static int read_body(const struct object_reply *reply, int file, struct handed_prog **ret,
		     struct handed **ret_handed)
{
	size_t progs_bytes, len;
	void *bytes;
	int code;

	if (reply->nprogs > REPLY_MAX_FDS || reply->count > REPLY_MAX_FDS)
		return -EPROTO;
	code = packet_map(file, REPLY_MAX_BYTES, &bytes, &len);
	if (code < 0)
		return code;
	progs_bytes = reply->nprogs * sizeof(**ret);
	if (len == progs_bytes + reply->count * sizeof(**ret_handed)) {
		*ret = xmalloc(len);
		memcpy(*ret, bytes, len);
		*ret_handed = (void *)((char *)*ret + progs_bytes);
	} else {
		code = -EPROTO;
	}
	munmap(bytes, len);
	return code;
}

/* Waits; the desk becomes the object's where its process lives on. */
static int receive_object(int *desk, struct object *object, struct err *err)
{
	struct object_reply reply;
	_cleanup_free_ struct handed_prog *progs = NULL;
	struct handed *handed, keeper = { .kind = HANDED_KEEPER };
	_cleanup_close_ int file = -1;
	size_t nfds = 0;
	int code = packet_receive(*desk, &reply, sizeof(reply), &file, 1, &nfds);

	if (code == 0 || code == -ECONNRESET) {
		err_hint(err, "the kernel's log may say more");
		return err_set(err, EPIPE, "the loader's process ended while it loaded %s",
			       object_name(object));
	}
	if (code != sizeof(reply))
		code = code < 0 ? code : -EPROTO;
	else if (reply.code < 0) {
		if (err)
			*err = reply.err;
		return reply.code;
	} else
		code = nfds == 1 ? read_body(&reply, file, &progs, &handed) : -EPROTO;
	if (code == 0)
		code = receive_fds(*desk, handed, reply.count);
	if (code < 0)
		return err_sys(err, -code, "%s: the loader's answer", object_name(object));
	code = object_adopt(object, &reply.times, progs, reply.nprogs, handed, reply.count, err);
	if (code == 0 && reply.keeps) {
		keeper.fd = steal_fd(desk);
		code = object_keep(object, &keeper);
	}
	return code;
}

int loader_attach(struct loader *loader, struct object *object, bool statistics, struct err *err)
{
	_cleanup_close_ int desk = open_desk(loader);
	int code = desk < 0 ? desk : send_request(desk, object, statistics);

	if (code < 0)
		return err_sys(err, -code, "%s: asking the loader", object_name(object));
	return receive_object(&desk, object, err);
}
