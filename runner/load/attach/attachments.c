// SPDX-License-Identifier: Apache-2.0
/* The attachments of an object, and their release. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/util.h"
#include "runner/load/attach/attach_internal.h"
#include "runner/load/attach/handed.h"
#include "runner/load/attach/sampler.h"

#define RELEASE_THREADS 8
#define RELEASE_STACK (128 << 10)

struct attachment {
	uint32_t prog_index;
	struct bpf_link *link;
	int fd; /* a link made without libbpf, a socket, or a guard's socket; -1 */
	bool fd_is_link;
	struct sampler *sampler; /* NULL: none */
	bool guarded;		 /* `fd` is a guard's */
	pid_t guard;		 /* 0: no child of this process */
	unsigned ifindex;	 /* of a guard's filter */
	bool alone;		 /* libbpf keeps books for these: one at a time */
	bool passive;		 /* an iterator: runs when it is read, at no other time */
};

struct attachments {
	struct attachment *items;
	size_t count;
};

struct attachments *attachments_new(void)
{
	return xcalloc(1, sizeof(struct attachments));
}

/* It detaches when this end is shut, and closes its own when it is done. */
static void await_guard(int fd)
{
	char room[64];
	ssize_t len;

	shutdown(fd, SHUT_WR);
	do
		len = recv(fd, room, sizeof(room), 0);
	while (len > 0 || (len < 0 && errno == EINTR));
}

static void attachment_release(struct attachment *a)
{
	if (a->link)
		bpf_link__destroy(steal_ptr(&a->link));
	sampler_free(steal_ptr(&a->sampler));
	if (a->guarded)
		await_guard(a->fd);
	close_fd(&a->fd);
	a->fd = -1;
	while (a->guard > 0 && waitpid(a->guard, NULL, 0) < 0 && errno == EINTR)
		;
	a->guard = 0;
}

/*
 * Closing a tracepoint or probe waits for every CPU to leave it, some 50 ms. Several threads wait
 * at the same time.
 */
struct release_work {
	struct attachments *list;
	size_t next;
};

static void *release_some(void *ctx)
{
	struct release_work *work = ctx;
	size_t i;

	while ((i = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED)) < work->list->count)
		if (!work->list->items[i].alone)
			attachment_release(&work->list->items[i]);
	return NULL;
}

static void release_together(struct attachments *list)
{
	struct release_work work = { .list = list };
	pthread_t threads[RELEASE_THREADS];
	size_t started = 0;
	pthread_attr_t attr;

	if (list->count < 2)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, RELEASE_STACK);
	while (started < MIN(list->count - 1, (size_t)RELEASE_THREADS) &&
	       pthread_create(&threads[started], &attr, release_some, &work) == 0)
		started++;
	pthread_attr_destroy(&attr);
	release_some(&work);
	while (started)
		pthread_join(threads[--started], NULL);
}

void attachments_free(struct attachments *list)
{
	if (!list)
		return;
	release_together(list);
	while (list->count)
		attachment_release(&list->items[--list->count]);
	free(list->items);
	free(list);
}

void attachments_detach(struct attachments *list)
{
	struct attachments *gone = attachments_new();
	size_t kept = 0;

	gone->items = xcalloc(list->count + 1, sizeof(*gone->items));
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].passive)
			list->items[kept++] = list->items[i];
		else
			gone->items[gone->count++] = list->items[i];
	}
	list->count = kept;
	attachments_free(gone);
}

static struct attachment *attachments_add(struct attach_job *job)
{
	struct attachments *list = job->list;

	list->items = xreallocarray(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count] = (struct attachment){
		.prog_index = job->plan->index,
		.fd = -1,
		.alone = job->type->hook == HOOK_USDT || job->type->hook == HOOK_TC,
		.passive = job->type->hook == HOOK_ITER,
	};
	return &list->items[list->count++];
}

int attachments_add_link(struct attach_job *job, struct bpf_link *link)
{
	long failed = libbpf_get_error(link);

	if (failed || !link)
		return failed ? (int)failed : -EOPNOTSUPP;
	attachments_add(job)->link = link;
	return 0;
}

void attachments_add_fd(struct attach_job *job, int fd, bool is_link)
{
	struct attachment *a = attachments_add(job);

	a->fd = fd;
	a->fd_is_link = is_link;
}

void attachments_add_sampler(struct attach_job *job, struct sampler *sampler)
{
	attachments_add(job)->sampler = sampler;
}

void attachments_use_opener(struct attachments *list, struct opener *opener)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].sampler)
			sampler_use_opener(list->items[i].sampler, opener);
}

void attachments_check_cpus(struct attachments *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].sampler)
			sampler_check(list->items[i].sampler);
}

void attachments_add_guard(struct attach_job *job, pid_t child, int fd, unsigned ifindex)
{
	struct attachment *a = attachments_add(job);

	a->ifindex = ifindex;
	a->fd = fd;
	a->guarded = true;
	a->guard = child;
}

bool attachments_has(const struct attachments *list, uint32_t prog_index)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].prog_index == prog_index)
			return true;
	return false;
}

static int link_fd_of(const struct attachment *a)
{
	return a->link ? bpf_link__fd(a->link) : a->fd_is_link ? a->fd : -1;
}

/* Links that can come off stay as empty shells: what they hung on is 0. */
static bool is_empty(int link_fd)
{
	enum { NETKIT = 13, TCX = 11 }; /* newer than some headers */
	struct bpf_link_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(link_fd, &info, &len) < 0)
		return false;
	switch ((int)info.type) {
	case BPF_LINK_TYPE_XDP:
	case TCX:
	case NETKIT: /* all three begin with the interface */
		return !info.xdp.ifindex;
	case BPF_LINK_TYPE_CGROUP:
		return !info.cgroup.cgroup_id;
	case BPF_LINK_TYPE_NETNS:
		return !info.netns.netns_ino;
	}
	return false;
}

bool attachments_severed(const struct attachments *list, uint32_t prog_index)
{
	char name[IF_NAMESIZE];

	for (size_t i = 0; i < list->count; i++) {
		const struct attachment *a = &list->items[i];
		int fd = link_fd_of(a);

		if (a->prog_index != prog_index)
			continue;
		if ((fd >= 0 && is_empty(fd)) ||
		    (a->ifindex && !if_indextoname(a->ifindex, name) && errno == ENXIO))
			return true;
	}
	return false;
}

int attachments_link_fd(const struct attachments *list, uint32_t prog_index)
{
	for (size_t i = 0; list && i < list->count; i++) {
		const struct attachment *a = &list->items[i];

		if (a->prog_index == prog_index && link_fd_of(a) >= 0)
			return link_fd_of(a);
	}
	return -1;
}

/* What libbpf keeps books for has no one descriptor. */
static bool is_ours_alone(const struct attachment *a)
{
	return a->sampler || (a->link && (bpf_link__fd(a->link) < 0 || a->alone));
}

bool attachments_hand_over(const struct attachments *list,
			   void (*give)(void *ctx, const struct handed *one), void *ctx)
{
	bool keeps = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct attachment *a = &list->items[i];
		struct handed one = { .kind = a->guarded	   ? HANDED_GUARD
					      : link_fd_of(a) >= 0 ? HANDED_LINK
								   : HANDED_SOCKET,
				      .index = a->prog_index,
				      .ifindex = a->ifindex,
				      .passive = a->passive,
				      .fd = a->link ? bpf_link__fd(a->link) : a->fd };

		keeps = keeps || is_ours_alone(a);
		if (!is_ours_alone(a))
			give(ctx, &one);
	}
	return keeps;
}

bool attachments_adopt(struct attachments *list, const struct handed *one)
{
	bool guarded = one->kind == HANDED_GUARD || one->kind == HANDED_KEEPER;

	if (!guarded && one->kind != HANDED_LINK && one->kind != HANDED_SOCKET)
		return false;
	list->items = xreallocarray(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct attachment){
		.prog_index = one->index,
		.fd = one->fd,
		.fd_is_link = one->kind == HANDED_LINK,
		.guarded = guarded,
		.ifindex = one->ifindex,
		.passive = one->passive != 0,
	};
	return true;
}
