// SPDX-License-Identifier: Apache-2.0
#include "runner/read/who/keeper.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/id_map.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/util.h"
#include "runner/load/sandbox/privileges.h"
#include "runner/load/sandbox/seccomp.h"
#include "runner/load/sandbox/packet.h"
#include "runner/read/text/cgroup.h"
#include "runner/read/who/cgroup_events.h"
#include "runner/read/who/look.h"
#include "runner/read/who/message.h"
#include "runner/read/who/process.h"
#include "runner/read/who/state.h"

#define NS_PER_MS 1000000ULL
#define GROUPS_MAX 16384
#define CGROUP_FILE_MAX 65536
#define LIST_EVERY_NS (10000 * NS_PER_MS)
#define LIST_OFTEN_NS (500 * NS_PER_MS) /* where there are no events */

/* The times from one look at the files to the next. */
static const uint16_t delays_ms[] = { 2, 5, 10, 20, 50, 100, 200, 500, 1000 };

struct group {
	uint64_t id;
	char *path;	 /* NULL: a free place */
	uint64_t due_ns; /* of the next look; 0: none is needed */
	uint8_t tries;
	bool listed;
};

struct keeper {
	int fd;
	struct state_paths paths;
	struct cgroup_tree *tree;
	struct cgroup_events *events; /* NULL: none */
	struct group *groups;
	uint32_t ngroups;
	struct id_map index;
	uint64_t mntns, netns; /* the host's */
	bool gone;	       /* the other end of fd is closed */
};

/* ---- messages ---- */

static void send_message(struct keeper *k, struct message *message, const char *path,
			 const struct container *c, const struct process *p)
{
	char bytes[MESSAGE_MAX];
	size_t len = sizeof(*message);

	if (path) {
		len += (size_t)snprintf(bytes + len, MESSAGE_PATH, "%s", path) + 1;
		for (int i = 0; i < CONTAINER_PARTS; i++)
			len += (size_t)snprintf(bytes + len, CONTAINER_TEXT, "%s", c->part[i]) + 1;
		for (int i = 0; i < PROCESS_PARTS; i++)
			len += (size_t)snprintf(bytes + len, CONTAINER_TEXT, "%s", p->part[i]) + 1;
	}
	message->bytes = (uint32_t)(len - sizeof(*message));
	memcpy(bytes, message, sizeof(*message));
	if (packet_send(k->fd, bytes, len, NULL, 0) < 0)
		k->gone = true;
}

static void send_kind(struct keeper *k, enum message_kind kind, uint64_t id)
{
	send_message(k, &(struct message){ .kind = kind, .group = id }, NULL, NULL, NULL);
}

static uint64_t namespace_of(int pid, const char *kind)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/ns/%s", pid, kind);
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

/* False: more may be known later. */
static bool find_namespaces(struct keeper *k, const char *path, struct message *message)
{
	int pid = cgroup_tree_process(k->tree, path);

	if (pid) {
		message->mntns = namespace_of(pid, "mnt");
		message->netns = namespace_of(pid, "net");
	}
	if (message->mntns == k->mntns)
		message->mntns = 0;
	if (message->netns == k->netns)
		message->netns = 0;
	return message->mntns && message->netns;
}

/* Sends what is known of a group. False: more may be known later. */
static bool tell(struct keeper *k, uint64_t id, const char *path, bool thorough)
{
	struct message message = { .kind = MESSAGE_GROUP, .group = id };
	const struct state_paths *paths = &k->paths;
	struct container c = { 0 };
	struct process p = { 0 };
	bool found = container_of_path(&c, path) || state_find(paths, path, thorough, &c);
	bool whole = found && find_namespaces(k, path, &message);

	message.whole = found && state_fill(paths, &c);
	process_unit(&p, path);
	if (id & MESSAGE_PROCESS)
		process_read(&p, id & ~MESSAGE_PROCESS);
	send_message(k, &message, path, &c, &p);
	return whole && message.whole;
}

/* ---- groups ---- */

static void look_for(struct keeper *k, struct group *g)
{
	/* Every second look reads all states of runc and crun; the first one stays cheap. */
	bool thorough = g->tries & 1;

	if (tell(k, g->id, g->path, thorough) || g->tries >= ARRAY_LEN(delays_ms))
		g->due_ns = 0;
	else
		g->due_ns = now_mono_ns() + delays_ms[g->tries++] * NS_PER_MS;
}

static struct group *find(struct keeper *k, uint64_t id)
{
	uint32_t at;

	return id_map_find(&k->index, id, &at) ? &k->groups[at] : NULL;
}

static struct group *place(struct keeper *k)
{
	for (uint32_t i = 0; k->index.count < k->ngroups && i < k->ngroups; i++)
		if (!k->groups[i].path)
			return &k->groups[i];
	if (k->ngroups == GROUPS_MAX)
		return NULL;
	if (!(k->ngroups & (k->ngroups - 1)) || !k->groups)
		k->groups = xreallocarray(k->groups, k->ngroups ? 2 * (size_t)k->ngroups : 1,
					  sizeof(*k->groups));
	return &k->groups[k->ngroups++];
}

static struct group *add(struct keeper *k, uint64_t id, const char *path)
{
	struct group *g = find(k, id);

	if (g)
		return g;
	g = place(k);
	if (!g) {
		tell(k, id, path, false); /* too many to be kept: its end stays unknown */
		return NULL;
	}
	*g = (struct group){ .id = id, .path = xstrdup(path) };
	id_map_set(&k->index, id, (uint32_t)(g - k->groups));
	look_for(k, g);
	return g;
}

static void end(struct keeper *k, uint64_t id)
{
	struct group *g = find(k, id);

	if (!g)
		return;
	free(steal_ptr(&g->path));
	g->due_ns = 0;
	id_map_remove(&k->index, id);
	send_kind(k, MESSAGE_GONE, id);
}

static void on_event(void *ctx, uint64_t id, const char *path, bool came)
{
	struct keeper *k = ctx;
	char text[MESSAGE_PATH];

	if (came)
		add(k, id, path);
	/* Its end may have been read before its start. */
	if (!came || !cgroup_tree_path(k->tree, id, text, sizeof(text)))
		end(k, id);
}

static void on_listed(void *ctx, uint64_t id, const char *path)
{
	struct group *g = add(ctx, id, path);

	if (g)
		g->listed = true;
}

static void list(struct keeper *k)
{
	for (uint32_t i = 0; i < k->ngroups; i++)
		k->groups[i].listed = false;
	cgroup_tree_each(k->tree, on_listed, k);
	for (uint32_t i = 0; i < k->ngroups; i++)
		if (k->groups[i].path && !k->groups[i].listed)
			end(k, k->groups[i].id);
}

static void read_events(struct keeper *k)
{
	if (k->events && !cgroup_events_read(k->events, on_event, k))
		list(k);
}

/* ---- questions ---- */

/* The first path in a /proc/PID/cgroup that has a container, else the path of version 2, else the
 * first one. */
static const char *path_in(const struct state_paths *paths, char *text)
{
	const char *found = NULL;
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct container c = { 0 };
		char *path = strchr(line, ':');

		path = path ? strchr(path + 1, ':') : NULL;
		if (!path++)
			continue;
		if (container_of_path(&c, path) || state_find(paths, path, false, &c))
			return path;
		if (!found || has_prefix(line, "0::"))
			found = path;
	}
	return found;
}

static void answer_process(struct keeper *k, uint64_t id)
{
	_cleanup_free_ char *file =
		xasprintf("/proc/%llu/cgroup", (unsigned long long)(id & ~MESSAGE_PROCESS));
	_cleanup_free_ void *text = NULL;
	const char *path = NULL;

	if (read_file(file, CGROUP_FILE_MAX, &text, NULL, NULL) >= 0)
		path = path_in(&k->paths, text);
	if (path && strlen(path) < MESSAGE_PATH)
		tell(k, id, path, false);
	else
		send_kind(k, MESSAGE_NONE, id);
}

static void answer(struct keeper *k, uint64_t id)
{
	const struct group *g;
	char text[MESSAGE_PATH];

	read_events(k);
	g = find(k, id);
	if (id & MESSAGE_PROCESS)
		answer_process(k, id);
	else if (g)
		tell(k, id, g->path, false);
	else if (cgroup_tree_path(k->tree, id, text, sizeof(text)))
		add(k, id, text);
	else
		send_kind(k, MESSAGE_NONE, id);
}

static void answer_look(struct keeper *k, const struct question *question)
{
	char bytes[sizeof(struct message) + LOOK_BYTES];
	struct message message = { .kind = MESSAGE_LOOK, .group = question->group };

	message.bytes = (uint32_t)look_now(question, bytes + sizeof(message));
	memcpy(bytes, &message, sizeof(message));
	if (packet_send(k->fd, bytes, sizeof(message) + message.bytes, NULL, 0) < 0)
		k->gone = true;
}

/* One question. The socket is readable. */
static void read_question(struct keeper *k)
{
	struct question question;
	int len = packet_receive(k->fd, &question, sizeof(question), NULL, 0, &(size_t){ 0 });

	if (len != sizeof(question))
		k->gone = true;
	else if (question.look)
		answer_look(k, &question);
	else
		answer(k, question.group);
}

/* ---- life ---- */

/* Looks again at the groups that are due. Returns the milliseconds until the next one is. */
static int look_again(struct keeper *k, uint64_t until_ns)
{
	uint64_t now = now_mono_ns();

	for (uint32_t i = 0; i < k->ngroups && !k->gone; i++) {
		struct group *g = &k->groups[i];

		if (g->due_ns && g->due_ns <= now)
			look_for(k, g);
		if (g->due_ns)
			until_ns = MIN(until_ns, g->due_ns);
	}
	now = now_mono_ns();
	return until_ns <= now ? 0 : (int)((until_ns - now) / NS_PER_MS) + 1;
}

static const uint64_t kept = 1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_SYS_PTRACE;

static void become_keeper(struct keeper *k)
{
	struct err err = { 0 };

	if (cgroup_events_open(&k->events, &err) < 0)
		log_debug("cgroups are listed again and again, not watched: %s", err.msg);
	thread_raise_priority(); /* before the buffers of the events are full */
	k->tree = cgroup_tree_new();
	privileges_become(NULL, kept);
	if (seccomp_enter(SECCOMP_LOADS, &err) < 0)
		log_debug("%s", err.msg);
	/* Those of process 1, or its own where process 1 cannot be read. */
	k->mntns = namespace_of(1, "mnt") ?: namespace_of(getpid(), "mnt");
	k->netns = namespace_of(1, "net") ?: namespace_of(getpid(), "net");
}

/* Kept until the start: opening events takes them. */
static const uint64_t opening = 1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_SYS_PTRACE |
				1ULL << CAP_PERFMON | 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SYS_NICE;

/* The start may never come: opens and reads nothing before it. */
static void await_start(struct keeper *k, char *dirs, size_t size)
{
	int len = packet_receive(k->fd, dirs, size - 1, NULL, 0, &(size_t){ 0 });

	if (len <= 0)
		_exit(0);
	dirs[len] = '\0';
	for (const char *at = dirs; at < dirs + len && k->paths.ndirs < STATE_DIRS_MAX;
	     at += strlen(at) + 1)
		if (*at)
			k->paths.dirs[k->paths.ndirs++] = at;
}

void keeper_serve(int fd, void *ctx)
{
	struct keeper k = { .fd = fd, .paths = { .root = "" } };
	char dirs[KEEPER_DIRS_BYTES];
	uint64_t every_ns, next_ns;

	(void)ctx;
	privileges_become(NULL, opening);
	await_start(&k, dirs, sizeof(dirs));
	become_keeper(&k);
	every_ns = k.events ? LIST_EVERY_NS : LIST_OFTEN_NS;
	list(&k);
	send_message(&k, &(struct message){ MESSAGE_READY, .mntns = k.mntns, .netns = k.netns },
		     NULL, NULL, NULL);
	next_ns = now_mono_ns() + every_ns;
	while (!k.gone) {
		struct pollfd fds[] = {
			{ .fd = k.fd, .events = POLLIN },
			{ .fd = k.events ? cgroup_events_fd(k.events) : -1, .events = POLLIN },
		};
		int timeout_ms = look_again(&k, next_ns);

		if (poll(fds, ARRAY_LEN(fds), timeout_ms) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			read_events(&k);
		if (fds[0].revents)
			read_question(&k);
		if (now_mono_ns() >= next_ns) {
			list(&k);
			next_ns = now_mono_ns() + every_ns;
		}
	}
}
