// SPDX-License-Identifier: Apache-2.0
#include "runner/load/sandbox/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/sandbox/helper.h"
#include "runner/load/sandbox/packet.h"
#include "runner/load/sandbox/privileges.h"
#include "runner/load/sandbox/seccomp.h"

#define FILEID_KERNFS 0xfe

struct opener {
	struct helper helper;
	pthread_mutex_t lock; /* of one request and its answer */
	bool own;	      /* this process still has its capabilities */
};

enum request_kind { REQUEST_PERF = 1, REQUEST_CGROUP };

struct request {
	uint32_t kind;
	int32_t cpu;		     /* REQUEST_PERF */
	struct perf_event_attr attr; /* REQUEST_PERF */
	uint64_t id;		     /* REQUEST_CGROUP; comes with the root's descriptor */
};

static int open_perf_event(const struct perf_event_attr *attr, int cpu)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_cgroup(int root_fd, uint64_t id)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} h = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	int fd;

	memcpy(h.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(root_fd, &h.handle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* ---- the helper ---- */

/* Samples with registers, stacks or addresses would show other processes. */
static bool is_harmless(const struct perf_event_attr *attr)
{
	return (attr->type == PERF_TYPE_SOFTWARE || attr->type == PERF_TYPE_HARDWARE ||
		attr->type == PERF_TYPE_HW_CACHE || attr->type == PERF_TYPE_RAW) &&
	       !(attr->sample_type & ~(uint64_t)PERF_SAMPLE_RAW) && !attr->mmap && !attr->mmap2 &&
	       !attr->comm && !attr->task && !attr->ksymbol && !attr->bpf_event && !attr->text_poke;
}

/* By other handles any file of a file system could be opened. */
static bool is_cgroup2(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static int serve(const struct request *request, int given_fd)
{
	if (request->kind == REQUEST_PERF)
		return is_harmless(&request->attr) ? open_perf_event(&request->attr, request->cpu)
						   : -EPERM;
	if (request->kind == REQUEST_CGROUP)
		return is_cgroup2(given_fd) ? open_cgroup(given_fd, request->id) : -EPERM;
	return -EINVAL;
}

/* Above 2, a value of Debian's and Ubuntu's kernels, CAP_PERFMON is not enough. */
static bool perf_wants_admin(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = 0;

	if (!file)
		return false;
	if (fscanf(file, "%d", &level) != 1)
		level = 0;
	fclose(file);
	return level > 2;
}

static void opener_main(int fd, void *ctx)
{
	uint64_t caps = CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_DAC_READ_SEARCH);
	struct request request;
	int given_fd, len;
	size_t nfds;

	if (perf_wants_admin())
		caps |= CAP_BIT(CAP_SYS_ADMIN);
	privileges_become(ctx, caps);
	seccomp_enter(SECCOMP_OPENS, NULL);
	while ((len = packet_receive(fd, &request, sizeof(request), &given_fd, 1, &nfds)) > 0) {
		_cleanup_close_ int given = nfds ? given_fd : -1, opened = -1;
		int code = len == sizeof(request) ? serve(&request, given) : -EINVAL;

		if (code >= 0) {
			opened = code;
			code = 0;
		}
		packet_send(fd, &code, sizeof(code), &opened, opened >= 0);
	}
}

/* ---- this process ---- */

struct opener *opener_new(void)
{
	struct opener *opener = xcalloc(1, sizeof(*opener));

	opener->helper = HELPER_INIT;
	pthread_mutex_init(&opener->lock, NULL);
	return opener;
}

int opener_start(struct opener *opener, const struct sandbox_user *user, struct err *err)
{
	int code = helper_start(&opener->helper, "bombus-opener", opener_main, (void *)user, -1);

	return code < 0 ? err_sys(err, -code, "cannot start a helper process") : 0;
}

void opener_prefer_own(struct opener *opener, bool own)
{
	opener->own = own;
}

void opener_free(struct opener *opener)
{
	if (!opener)
		return;
	helper_stop(&opener->helper);
	pthread_mutex_destroy(&opener->lock);
	free(opener);
}

static int ask(struct opener *opener, const struct request *request, int with_fd)
{
	int fd = -1, answer = 0, code;
	size_t nfds = 0;

	pthread_mutex_lock(&opener->lock);
	code = packet_send(opener->helper.fd, request, sizeof(*request), &with_fd, with_fd >= 0);
	if (code == 0)
		code = packet_receive(opener->helper.fd, &answer, sizeof(answer), &fd, 1, &nfds);
	pthread_mutex_unlock(&opener->lock);
	if (code == sizeof(answer) && answer == 0 && nfds == 1)
		return fd;
	if (nfds)
		close(fd);
	return code < 0 ? code : answer < 0 ? answer : -EPIPE;
}

int opener_perf_event(struct opener *opener, const struct perf_event_attr *attr, int cpu)
{
	struct request request = { .kind = REQUEST_PERF, .cpu = cpu, .attr = *attr };

	if (!opener || opener->helper.fd < 0 || opener->own)
		return open_perf_event(attr, cpu);
	return ask(opener, &request, -1);
}

int opener_cgroup(struct opener *opener, int root_fd, uint64_t id)
{
	struct request request = { .kind = REQUEST_CGROUP, .id = id };

	if (!opener || opener->helper.fd < 0)
		return open_cgroup(root_fd, id);
	return ask(opener, &request, root_fd);
}
