// SPDX-License-Identifier: Apache-2.0
#include "runner/job/aim.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/id_map.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/load/attach/object.h"
#include "runner/load/kernel/mounts.h"
#include "runner/read/who/who.h"

#define ID_DIGITS_MIN 4

struct aim {
	struct who *who;
	struct aim_opts opts;
	struct who_watch watch;
	pthread_mutex_t lock;
	struct id_map groups;	     /* those that pass */
	const struct object *object; /* NULL: it is not started */
	uint64_t processes[OBJECT_PROCESSES_MAX];
	size_t nprocesses;
	bool warned;
};

static bool is_container(const char *word, const struct who_group *group)
{
	const char *id = group->parts[CONTAINER_ID];

	return streq(word, group->parts[CONTAINER_NAME]) ||
	       (strlen(word) >= ID_DIGITS_MIN && has_prefix(id, word)) || (*id && streq(word, id));
}

static bool is_pod(const char *word, const struct who_group *group)
{
	const char *slash = strchr(word, '/'), *space = group->parts[CONTAINER_NAMESPACE];
	size_t len = slash ? (size_t)(slash - word) : 0;

	if (slash && (strlen(space) != len || strncmp(space, word, len) != 0))
		return false;
	return streq(slash ? slash + 1 : word, group->parts[CONTAINER_POD]);
}

static bool is_below(const char *word, const struct who_group *group)
{
	size_t len = strlen(word);

	while (len && word[len - 1] == '/')
		len--;
	return strncmp(group->path, word, len) == 0 &&
	       (!group->path[len] || group->path[len] == '/');
}

static bool passes(const struct aim_opts *opts, const struct who_group *group)
{
	for (size_t i = 0; i < opts->ncontainers; i++)
		if (is_container(opts->containers[i], group))
			return true;
	for (size_t i = 0; i < opts->npods; i++)
		if (is_pod(opts->pods[i], group))
			return true;
	for (size_t i = 0; i < opts->ncgroups; i++)
		if (is_below(opts->cgroups[i], group))
			return true;
	return false;
}

/* With the lock. */
static void set_in_map(struct aim *aim, uint64_t group, bool pass)
{
	int code = aim->object ? object_aim_cgroup(aim->object, group, pass) : 0;

	if (code == -E2BIG && !aim->warned)
		log_warn("more than %d cgroups match the filters: others are not shown",
			 OBJECT_AIM_MAX);
	aim->warned |= code == -E2BIG;
}

/* With the lock. Notes a process of the group: its libraries are those to probe. */
static void note_process(struct aim *aim, const struct who_group *group)
{
	_cleanup_free_ char *mount = NULL, *path = NULL;
	_cleanup_file_ FILE *file = NULL;
	unsigned long long pid;

	if (aim->object || aim->nprocesses == OBJECT_PROCESSES_MAX)
		return;
	mount = mount_of("cgroup2");
	path = mount ? xasprintf("%s%s/cgroup.procs", mount, group->path) : NULL;
	file = path ? fopen(path, "re") : NULL;
	/* 0: it is outside of our namespace of processes. */
	if (file && fscanf(file, "%llu", &pid) == 1 && pid)
		aim->processes[aim->nprocesses++] = pid;
}

/* An ended group has no process: its id can be taken out. */
static void on_group(void *ctx, const struct who_group *group)
{
	struct aim *aim = ctx;
	bool pass = !group->gone && passes(&aim->opts, group);
	uint32_t had;

	pthread_mutex_lock(&aim->lock);
	if (pass != id_map_find(&aim->groups, group->id, &had)) {
		if (pass) {
			id_map_set(&aim->groups, group->id, 0);
			note_process(aim, group);
		} else {
			id_map_remove(&aim->groups, group->id);
		}
		set_in_map(aim, group->id, pass);
	}
	pthread_mutex_unlock(&aim->lock);
}

struct aim *aim_new(struct who *who, const struct aim_opts *opts)
{
	struct aim *aim = xcalloc(1, sizeof(*aim));

	aim->who = who;
	aim->opts = *opts;
	aim->watch = (struct who_watch){ .fn = on_group, .ctx = aim };
	pthread_mutex_init(&aim->lock, NULL);
	who_watch(who, &aim->watch);
	return aim;
}

void aim_free(struct aim *aim)
{
	if (!aim)
		return;
	who_unwatch(aim->who, &aim->watch);
	id_map_release(&aim->groups);
	pthread_mutex_destroy(&aim->lock);
	free(aim);
}

uint64_t *aim_cgroups(struct aim *aim, size_t *ret_count)
{
	uint64_t *ids;
	size_t count = 0;

	pthread_mutex_lock(&aim->lock);
	ids = xcalloc(aim->groups.count + 1, sizeof(*ids));
	for (uint32_t i = 0; aim->groups.places && i <= aim->groups.mask; i++)
		if (aim->groups.places[i].used)
			ids[count++] = aim->groups.places[i].id;
	pthread_mutex_unlock(&aim->lock);
	*ret_count = MIN(count, (size_t)OBJECT_AIM_MAX);
	return ids;
}

const uint64_t *aim_processes(const struct aim *aim, size_t *ret_count)
{
	*ret_count = aim->nprocesses;
	return aim->processes;
}

void aim_follow(struct aim *aim, const struct object *object)
{
	pthread_mutex_lock(&aim->lock);
	aim->object = object;
	/* Adds the groups that came since. Ids of ended groups may stay: they match nothing. */
	for (uint32_t i = 0; aim->groups.places && i <= aim->groups.mask; i++)
		if (aim->groups.places[i].used)
			set_in_map(aim, aim->groups.places[i].id, true);
	pthread_mutex_unlock(&aim->lock);
}
