// SPDX-License-Identifier: Apache-2.0
#include "runner/read/who/cgroup_events.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/cpus.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/load/kernel/mounts.h"
#include "runner/read/collect/cpu_buffer.h"

#define PAGES 64 /* of a CPU: some 1,000 groups that come and go at once */
#define FILE_MAX_BYTES 65536
#define PATH_MAX_BYTES 4096

/* Where the members of a tracepoint's record stand; both have the same. */
struct shape {
	uint32_t ids[2]; /* of cgroup_mkdir and cgroup_rmdir */
	uint32_t root_at, id_at, path_at;
};

struct cgroup_events {
	struct shape shape;
	struct cpu_buffer *buffers;
	uint32_t nbuffers;
	int epoll_fd;
	uint8_t *room;
	uint64_t lost; /* of all buffers, as last seen */
};

static bool number_behind(const char *text, const char *word, uint32_t *ret)
{
	const char *at = strstr(text, word);

	if (!at)
		return false;
	*ret = (uint32_t)strtoul(at + strlen(word), NULL, 10);
	return true;
}

static bool read_format(const char *dir, const char *name, uint32_t *ret_id, struct shape *shape)
{
	_cleanup_free_ char *path = xasprintf("%s/events/cgroup/%s/format", dir, name);
	_cleanup_free_ void *text = NULL;

	return read_file(path, FILE_MAX_BYTES, &text, NULL, NULL) >= 0 &&
	       number_behind(text, "ID: ", ret_id) &&
	       number_behind(text, "field:int root;\toffset:", &shape->root_at) &&
	       number_behind(text, "field:u64 id;\toffset:", &shape->id_at) &&
	       number_behind(text, "field:__data_loc char[] path;\toffset:", &shape->path_at);
}

static int open_cpus(struct cgroup_events *e, struct err *err)
{
	_cleanup_free_ bool *on = xcalloc(CPUS_MAX, sizeof(*on));
	_cleanup_close_ int fd = cpus_open_online();
	int count = fd < 0 ? fd : cpus_read(fd, on, CPUS_MAX);

	if (count < 0)
		return err_sys(err, -count, "cannot read which CPUs there are");
	e->buffers = xcalloc((size_t)count + 1, sizeof(*e->buffers));
	for (int cpu = 0; cpu < CPUS_MAX && e->nbuffers < (uint32_t)count; cpu++) {
		struct epoll_event event = { .events = EPOLLIN };
		struct cpu_buffer *b = &e->buffers[e->nbuffers];
		int code;

		if (!on[cpu])
			continue;
		code = cpu_buffer_open_tracepoints(b, e->shape.ids, cpu, PAGES, err);
		if (code < 0)
			return code;
		e->nbuffers++;
		if (epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, b->fd, &event) < 0)
			return err_sys(err, errno, "epoll");
	}
	return 0;
}

int cgroup_events_open(struct cgroup_events **ret, struct err *err)
{
	struct cgroup_events *e;
	const char *dir;
	int code;

	tracefs_ensure();
	dir = tracefs_path();
	if (!dir)
		return err_set(err, ENOENT, "tracefs is not mounted, or not open to this user");
	e = xcalloc(1, sizeof(*e));
	e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	e->room = xmalloc(CPU_BUFFER_RECORD_BYTES);
	if (!read_format(dir, "cgroup_mkdir", &e->shape.ids[0], &e->shape) ||
	    !read_format(dir, "cgroup_rmdir", &e->shape.ids[1], &e->shape))
		code = err_set(err, ENOENT, "the kernel has no tracepoints of cgroups");
	else
		code = open_cpus(e, err);
	if (code < 0)
		cgroup_events_close(e);
	else
		*ret = e;
	return code;
}

void cgroup_events_close(struct cgroup_events *e)
{
	if (!e)
		return;
	for (uint32_t i = 0; i < e->nbuffers; i++)
		cpu_buffer_close(&e->buffers[i]);
	close_fd(&e->epoll_fd);
	free(e->buffers);
	free(e->room);
	free(e);
}

int cgroup_events_fd(const struct cgroup_events *e)
{
	return e->epoll_fd;
}

struct event {
	uint64_t id;
	bool came;
	char path[PATH_MAX_BYTES];
};

/* False: of another hierarchy, or not of this shape. */
static bool parse(const struct shape *shape, const uint8_t *data, uint32_t len, struct event *ret)
{
	uint16_t type;
	uint32_t root, loc, at, size;

	if (len < shape->root_at + sizeof(root) || len < shape->id_at + sizeof(ret->id) ||
	    len < shape->path_at + sizeof(loc))
		return false;
	memcpy(&type, data, sizeof(type));
	memcpy(&root, data + shape->root_at, sizeof(root));
	memcpy(&ret->id, data + shape->id_at, sizeof(ret->id));
	memcpy(&loc, data + shape->path_at, sizeof(loc));
	at = loc & 0xffff;
	size = loc >> 16;
	if (root || at > len || size > len - at || !size || size > sizeof(ret->path))
		return false;
	memcpy(ret->path, data + at, size);
	ret->path[size - 1] = '\0';
	ret->came = type == shape->ids[0];
	return ret->came || type == shape->ids[1];
}

bool cgroup_events_read(struct cgroup_events *e,
			void (*fn)(void *ctx, uint64_t id, const char *path, bool came), void *ctx)
{
	_cleanup_free_ uint64_t *gone = NULL;
	size_t ngone = 0;
	uint64_t lost = 0;
	struct event event;
	bool whole;

	for (uint32_t i = 0; i < e->nbuffers; i++) {
		struct cpu_buffer *b = &e->buffers[i];
		const void *data;
		uint32_t len;

		while ((data = cpu_buffer_peek(b, e->room, &len))) {
			bool fits = parse(&e->shape, data, len, &event);

			cpu_buffer_advance(b);
			if (fits && event.came) {
				fn(ctx, event.id, event.path, true);
			} else if (fits) {
				gone = xreallocarray(gone, ngone + 1, sizeof(*gone));
				gone[ngone++] = event.id;
			}
		}
		cpu_buffer_release(b);
		lost += b->lost;
	}
	for (size_t i = 0; i < ngone; i++)
		fn(ctx, gone[i], NULL, false);
	whole = lost == e->lost;
	e->lost = lost;
	return whole;
}
