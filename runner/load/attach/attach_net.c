// SPDX-License-Identifier: Apache-2.0
/* Programs on interfaces, control groups and network namespaces. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/attach/attach_internal.h"
#include "runner/load/kernel/features.h"
#include "runner/load/kernel/mounts.h"
#include "runner/load/kernel/probe.h"
#include "runner/load/kernel/tcx.h"

/* ---- names ---- */

struct name_walk {
	struct if_nameindex *list;
	size_t next;
};

static const char *next_interface(void *ctx)
{
	struct name_walk *walk = ctx;

	return walk->list && walk->list[walk->next].if_name ? walk->list[walk->next++].if_name
							    : NULL;
}

int find_interface(const char *name, unsigned *ret, struct err *err)
{
	struct name_walk walk = { 0 };
	const char *near;

	*ret = if_nametoindex(name);
	if (*ret)
		return 0;
	walk.list = if_nameindex();
	near = suggest(name, next_interface, &walk);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "'ip link' lists the interfaces of this network namespace");
	if (walk.list)
		if_freenameindex(walk.list);
	return err_usage(err, "no interface named '%s'", name);
}

static int busy(struct attach_job *job, const char *where, struct err *err)
{
	err_exit(err, EXIT_KERNEL);
	err_hint(err, "'bpftool net' shows what is attached");
	return err_set(err, EBUSY, "program '%s': another program holds %s", job->plan->name,
		       where);
}

/* ---- XDP ---- */

int attach_xdp(struct attach_job *job, struct err *err)
{
	const char *head = job->target.head;
	size_t cut = strcspn(head, ":");
	_cleanup_free_ char *name = xstrndup(head, cut);
	const char *mode = head[cut] ? head + cut + 1 : "";
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	unsigned ifindex;
	int rc, fd;

	rc = find_interface(name, &ifindex, err);
	if (rc < 0)
		return rc;
	if (streq(mode, "generic") || streq(mode, "skb")) {
		opts.flags = XDP_FLAGS_SKB_MODE;
	} else if (streq(mode, "native") || streq(mode, "drv")) {
		opts.flags = XDP_FLAGS_DRV_MODE;
	} else if (*mode) {
		return err_usage(err, "'%s' is not a mode of XDP: generic or native", mode);
	}
	fd = bpf_link_create(bpf_program__fd(job->prog), (int)ifindex, BPF_XDP, &opts);
	if (fd == -EBUSY || fd == -EEXIST)
		return busy(job, name, err);
	if (fd < 0)
		return explain_attach(job->plan, fd, err);
	attachments_add_fd(job, fd, true);
	return 0;
}

/* ---- tc ---- */

static int tc_direction(const struct attach_job *job, const char *word, bool *ret_egress,
			struct err *err)
{
	size_t len = strcspn(word, "/"); /* "ingress/name" in a section */

	if ((len == 7 && has_prefix(word, "ingress")) || (len == 6 && has_prefix(word, "egress"))) {
		*ret_egress = word[0] == 'e';
		return 0;
	}
	err_hint(err, "--attach %s=%s", job->plan->name, job->type->form);
	if (!*word)
		return err_usage(err, "program '%s' (%s): ingress or egress?", job->plan->name,
				 job->plan->section);
	return err_usage(err, "program '%s': '%s' is neither ingress nor egress", job->plan->name,
			 word);
}

int attach_tc(struct attach_job *job, struct err *err)
{
	const char *head = job->target.head, *direction;
	size_t cut = strcspn(head, ":");
	_cleanup_free_ char *name = xstrndup(head, cut);
	unsigned ifindex = 0;
	bool egress = false;
	int rc;

	hook_of(job->plan->section, &direction);
	rc = tc_direction(job, head[cut] ? head + cut + 1 : direction, &egress, err);
	if (rc == 0)
		rc = find_interface(name, &ifindex, err);
	if (rc < 0)
		return rc;
	rc = tcx_link_create(bpf_program__fd(job->prog), ifindex, egress);
	if (rc >= 0) {
		attachments_add_fd(job, rc, true);
		return 0;
	}
	if (rc != -EINVAL && rc != -EOPNOTSUPP)
		return explain_attach(job->plan, rc, err);
	return attach_tc_clsact(job, bpf_program__fd(job->prog), ifindex, egress, err);
}

/* ---- control groups ---- */

int attach_cgroup(struct attach_job *job, struct err *err)
{
	_cleanup_free_ char *mount = mount_of("cgroup2");
	_cleanup_free_ char *inside = NULL;
	const char *path = job->target.head;
	_cleanup_close_ int fd = -1;
	int rc;

	fd = streq(path, "/") ? -ENOENT : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && mount) { /* as /proc/PID/cgroup writes it */
		inside = xasprintf("%s/%s", mount, path);
		fd = open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0) {
		err_exit(err, EXIT_USAGE);
		if (!mount)
			err_hint(err, "mount -t cgroup2 none /sys/fs/cgroup");
		return err_sys(err, errno, "program '%s': control group %s", job->plan->name, path);
	}
	rc = attachments_add_link(job, bpf_program__attach_cgroup(job->prog, fd));
	if (rc == -EBADF) {
		err_hint(err, mount ? "cgroup2 is mounted at %s" : "%scgroup2 is not mounted",
			 mount ? mount : "");
		return err_usage(err, "program '%s': %s is no cgroup2 folder", job->plan->name,
				 path);
	}
	return rc < 0 ? explain_attach(job->plan, rc, err) : 0;
}

/* ---- network namespaces ---- */

int attach_netns(struct attach_job *job, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	const char *head = job->target.head;
	_cleanup_close_ int fd = -1;
	int rc;

	if (job->target.pid > 0)
		path = xasprintf("/proc/%lld/ns/net", (long long)job->target.pid);
	else if (!job->given)
		path = xstrdup("/proc/self/ns/net");
	else if (strchr(head, '/'))
		path = xstrdup(head);
	else
		path = xasprintf("/run/netns/%s", head);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_exit(err, EXIT_USAGE);
		return err_sys(err, errno, "program '%s': network namespace %s", job->plan->name,
			       path);
	}
	rc = attachments_add_link(job, bpf_program__attach_netns(job->prog, fd));
	if (rc == -EEXIST || rc == -EBUSY)
		return busy(job, path, err);
	return rc < 0 ? explain_attach(job->plan, rc, err) : 0;
}

/* ---- socket filters ---- */

/*
 * A packet socket without a reader: the program sees every frame of the interface, and what it
 * lets through fills the smallest receive buffer and is then dropped.
 */
int attach_socket(struct attach_job *job, struct err *err)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	_cleanup_close_ int fd = -1;
	int prog_fd = bpf_program__fd(job->prog), tiny = 1, rc;
	unsigned ifindex = 0;

	rc = !job->target.head || !*job->target.head || streq(job->target.head, "any")
		     ? 0
		     : find_interface(job->target.head, &ifindex, err);
	if (rc < 0)
		return rc;
	addr.sll_ifindex = (int)ifindex;
	/* Protocol 0 until the program is there: no packet may wait in front of it. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return explain_attach(job->plan, -errno, err);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny));
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &prog_fd, sizeof(prog_fd)) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return explain_attach(job->plan, -errno, err);
	attachments_add_fd(job, steal_fd(&fd), false);
	return 0;
}
