// SPDX-License-Identifier: Apache-2.0
/*
 * tc programs on kernels without tcx (before 6.6): a filter on the clsact qdisc. Such a filter has
 * no owner and would outlive the runner, and removing it needs a capability that the runner may
 * have given up by then. So a guard process, which keeps CAP_NET_ADMIN and nothing else, holds the
 * other end of a socket. When that closes, because of a stop, an exit or a kill -9, the guard
 * removes the filter, and the qdisc too if the runner made it and it holds no other filter. A note
 * (tc_notes.h) lets the next start remove a filter whose guard was killed as well.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "base/util.h"
#include "base/log.h"
#include "runner/load/attach/attach_internal.h"
#include "runner/load/attach/tc_notes.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/kernel/features.h"
#include "runner/load/sandbox/privileges.h"

struct clsact {
	struct bpf_tc_hook hook;
	struct bpf_tc_opts filter;
	bool made_qdisc;
};

bool tc_has_filters(unsigned ifindex, bool egress)
{
	uint32_t minor = egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS;
	struct {
		struct nlmsghdr header;
		struct tcmsg tc;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETTFILTER,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.tc = { .tcm_family = AF_UNSPEC,
			.tcm_ifindex = (int)ifindex,
			.tcm_parent = TC_H_MAKE(TC_H_CLSACT, minor) },
	};
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	_Alignas(struct nlmsghdr) char reply[16384];
	ssize_t len;

	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0)
		return true;
	while ((len = recv(fd, reply, sizeof(reply), 0)) > 0) {
		struct nlmsghdr *msg = (void *)reply;

		for (; NLMSG_OK(msg, len); msg = NLMSG_NEXT(msg, len)) {
			if (msg->nlmsg_type == NLMSG_DONE)
				return false;
			if (msg->nlmsg_type == RTM_NEWTFILTER || msg->nlmsg_type == NLMSG_ERROR)
				return true;
		}
	}
	return true;
}

static void clsact_detach(struct clsact *clsact)
{
	unsigned ifindex = (unsigned)clsact->hook.ifindex;

	/* Detaching wants these empty. */
	clsact->filter.prog_fd = 0;
	clsact->filter.prog_id = 0;
	clsact->filter.flags = 0;
	bpf_tc_detach(&clsact->hook, &clsact->filter);
	if (!clsact->made_qdisc || tc_has_filters(ifindex, false) || tc_has_filters(ifindex, true))
		return;
	clsact->hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&clsact->hook);
}

/* By the guard, of itself. The note's path, malloc'ed; NULL: there is none. */
static char *leave_note(const struct clsact *clsact)
{
	const struct tc_note note = {
		.netns = tc_notes_netns(),
		.ifindex = (uint32_t)clsact->hook.ifindex,
		.handle = clsact->filter.handle,
		.priority = clsact->filter.priority,
		.prog_id = clsact->filter.prog_id,
		.egress = clsact->hook.attach_point == BPF_TC_EGRESS,
		.made_qdisc = clsact->made_qdisc,
	};

	return tc_note_write(&note, getpid());
}

/* A filter whose guard was killed, unless another program stands in its place by now. */
static void remove_orphan(void *ctx, const struct tc_note *note)
{
	struct clsact clsact = { .made_qdisc = note->made_qdisc };
	struct bpf_tc_opts found;

	opts_init(&clsact.hook);
	clsact.hook.ifindex = (int)note->ifindex;
	clsact.hook.attach_point = note->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS;
	opts_init(&clsact.filter);
	clsact.filter.handle = note->handle;
	clsact.filter.priority = note->priority;
	opts_init(&found);
	found.handle = note->handle;
	found.priority = note->priority;
	if (bpf_tc_query(&clsact.hook, &found) < 0 || found.prog_id != note->prog_id)
		return;
	log_warn("a tc filter of a run that was killed is removed (interface %u)", note->ifindex);
	clsact_detach(&clsact);
}

static _Noreturn void guard_main(struct clsact *clsact, int fd)
{
	_cleanup_free_ char *note = NULL;
	sigset_t all;
	char byte;

	/* Ctrl-C goes to the whole group; the guard has to stay until the runner is gone. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "bombus-tc");
	/* Descriptors of maps, links and the terminal must not live on in here. */
	dup2(fd, 0);
	syscall(SYS_close_range, 1U, ~0U, 0U);
	note = leave_note(clsact);
	privileges_become(NULL, CAP_BIT(CAP_NET_ADMIN));
	while (read(0, &byte, 1) < 0 && errno == EINTR)
		;
	clsact_detach(clsact);
	if (note)
		unlink(note);
	_exit(0);
}

static int guard_start(struct attach_job *job, struct clsact *clsact)
{
	int ends[2], rc;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	child = fork();
	if (child == 0) {
		close(ends[1]);
		guard_main(clsact, ends[0]);
	}
	rc = child < 0 ? -errno : 0;
	close(ends[0]);
	if (rc < 0)
		close(ends[1]);
	else
		attachments_add_guard(job, child, ends[1], (unsigned)clsact->hook.ifindex);
	return rc;
}

int attach_tc_clsact(struct attach_job *job, int prog_fd, unsigned ifindex, bool egress,
		     struct err *err)
{
	struct clsact clsact;
	int rc;

	tc_notes_orphans(remove_orphan, NULL);
	opts_init(&clsact.hook);
	clsact.hook.ifindex = (int)ifindex;
	clsact.hook.attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS;
	opts_init(&clsact.filter);
	clsact.filter.prog_fd = prog_fd;
	rc = bpf_tc_hook_create(&clsact.hook);
	if (rc < 0 && rc != -EEXIST)
		return explain_attach(job->plan, rc, err);
	clsact.made_qdisc = rc == 0;
	rc = bpf_tc_attach(&clsact.hook, &clsact.filter);
	if (rc == 0)
		rc = guard_start(job, &clsact);
	if (rc < 0) {
		clsact_detach(&clsact);
		return explain_attach(job->plan, rc, err);
	}
	return 0;
}
