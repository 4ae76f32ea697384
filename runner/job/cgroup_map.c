// SPDX-License-Identifier: Apache-2.0
#include "runner/job/cgroup_map.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pcre2.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/util.h"
#include "runner/load/attach/object.h"
#include "runner/load/kernel/mounts.h"

#define ROOT "/sys/fs/cgroup"
#define MATCH_LIMIT 100000
#define DEPTH_MAX 32
#define MASK (IN_CREATE | IN_DELETE | IN_ONLYDIR | IN_DONT_FOLLOW)
#define MAP_TYPE_CGRP_STORAGE 32 /* newer than some headers */

/* A cgroup with its watch. */
struct group {
	uint64_t id;
	int wd;
	bool matches;
	char *path; /* below ROOT; "" is the root */
};

struct cgroup_map {
	struct recipe_cgroups config;
	int fd; /* the map's, borrowed */
	int inotify;
	char *mount;
	struct group *groups;
	size_t count;
	struct loop *loop;
	struct loop_source *source;
	bool warned;
};

int cgroup_map_check(const struct recipe_cgroups *config, const struct plan *plan, struct err *err)
{
	const struct map_plan *map;
	uint32_t type, key_bytes = config->storage ? 4 : 8;

	if (!config->map)
		return 0;
	map = plan_map(plan, config->map);
	if (!map)
		return recipe_refuse(&config->at, err, "the object has no map '%s'", config->map);
	type = map->type;
	if (config->storage ? type != MAP_TYPE_CGRP_STORAGE
			    : map->source != SOURCE_HASH || map->per_cpu) {
		err_hint(err, "type: %s", type == MAP_TYPE_CGRP_STORAGE ? "cgrp_storage" : "hash");
		return recipe_refuse(
			&config->at, err, "'%s' is a map of the type %s, and no %s", config->map,
			type == MAP_TYPE_CGRP_STORAGE ? "cgrp_storage" : map_type_name(type),
			config->storage ? "cgrp_storage" : "hash");
	}
	if (map->key_bytes == key_bytes && map->value_bytes == sizeof(uint64_t))
		return 0;
	return recipe_refuse(&config->at, err,
			     "the keys of '%s' have %u bytes and its values %u; a %s of cgroups "
			     "has %u and 8",
			     config->map, map->key_bytes, map->value_bytes,
			     config->storage ? "storage" : "hash", key_bytes);
}

/* --- one cgroup --- */

static bool matches(const struct cgroup_map *m, const char *path)
{
	_cleanup_free_ char *whole = xasprintf(ROOT "%s", path);
	pcre2_match_data *match = pcre2_match_data_create(1, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	bool found = false;

	if (limits)
		pcre2_set_match_limit(limits, MATCH_LIMIT);
	for (size_t i = 0; match && limits && i < m->config.ncodes && !found; i++)
		found = pcre2_match(m->config.codes[i], (PCRE2_SPTR)whole, strlen(whole), 0, 0,
				    match, limits) >= 0;
	pcre2_match_context_free(limits);
	pcre2_match_data_free(match);
	return found;
}

static void put(struct cgroup_map *m, const struct group *group, int dir_fd)
{
	const void *key = m->config.storage ? (const void *)&dir_fd : (const void *)&group->id;
	uint64_t one = 1;

	if (!group->matches || bpf_map_update_elem(m->fd, key, &one, BPF_ANY) == 0)
		return;
	if (!m->warned)
		log_warn("map %s: cgroup %s cannot be put into it: %s", m->config.map, group->path,
			 strerror(errno));
	m->warned = true;
}

/* Storage goes with its cgroup. */
static void take_out(struct cgroup_map *m, struct group *group)
{
	if (group->matches && !m->config.storage)
		bpf_map_delete_elem(m->fd, &group->id);
	free(group->path);
	*group = m->groups[--m->count];
}

static bool add_group(struct cgroup_map *m, const char *path, int dir_fd)
{
	struct group group = { .matches = matches(m, path) };
	char name[32];
	struct stat st;

	if (m->count == CGROUP_MAP_MAX) {
		if (!m->warned)
			log_warn("map %s: more than %d cgroups: the others are left out",
				 m->config.map, CGROUP_MAP_MAX);
		m->warned = true;
		return false;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d/.", dir_fd);
	group.wd = inotify_add_watch(m->inotify, name, MASK);
	if (group.wd < 0 || fstat(dir_fd, &st) < 0) {
		if (errno == ENOSPC && !m->warned)
			log_warn(
				"map %s: cgroups cannot be watched: fs.inotify.max_user_watches is "
				"reached",
				m->config.map);
		m->warned = m->warned || errno == ENOSPC;
		return false;
	}
	/* Seen twice: when it was created, and when its parent was listed. */
	for (size_t i = 0; i < m->count; i++)
		if (m->groups[i].wd == group.wd)
			return true;
	group.id = st.st_ino;
	group.path = xstrdup(path);
	m->groups[m->count++] = group;
	put(m, &group, dir_fd);
	return true;
}

/* The cgroup of this path and all below it. It is watched before it is listed, so that nothing is
 * missed. */
static void add_tree(struct cgroup_map *m, const char *path, unsigned depth)
{
	_cleanup_free_ char *whole = xasprintf("%s%s", m->mount, path);
	int fd = open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (!dir) {
		close_fd(&fd);
		return;
	}
	if (!add_group(m, path, fd) || depth == DEPTH_MAX) {
		closedir(dir);
		return;
	}
	while ((e = readdir(dir))) {
		_cleanup_free_ char *below = NULL;

		if (e->d_type != DT_DIR || streq(e->d_name, ".") || streq(e->d_name, ".."))
			continue;
		below = xasprintf("%s/%s", path, e->d_name);
		add_tree(m, below, depth + 1);
	}
	closedir(dir);
}

/* --- changes --- */

static void removed(struct cgroup_map *m, const char *path)
{
	for (size_t i = 0; i < m->count; i++) {
		if (!streq(m->groups[i].path, path))
			continue;
		take_out(m, &m->groups[i]);
		return;
	}
}

/* Events were lost: takes out the groups that are gone, and lists all again. */
static void list_again(struct cgroup_map *m)
{
	for (size_t i = m->count; i-- > 0;) {
		_cleanup_free_ char *whole = xasprintf("%s%s", m->mount, m->groups[i].path);
		struct stat st;

		if (stat(whole, &st) < 0 || st.st_ino != m->groups[i].id)
			take_out(m, &m->groups[i]);
	}
	add_tree(m, "", 0);
}

static void take_event(struct cgroup_map *m, const struct inotify_event *event)
{
	_cleanup_free_ char *path = NULL;

	if (event->mask & IN_Q_OVERFLOW) {
		list_again(m);
		return;
	}
	for (size_t i = 0; i < m->count && event->len && (event->mask & IN_ISDIR) && !path; i++)
		if (m->groups[i].wd == event->wd)
			path = xasprintf("%s/%s", m->groups[i].path, event->name);
	if (path && (event->mask & IN_CREATE))
		add_tree(m, path, 1);
	else if (path && (event->mask & IN_DELETE))
		removed(m, path);
}

static int on_change(void *ctx, uint32_t events)
{
	struct cgroup_map *m = ctx;
	char room[16 * 1024] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t len = read(m->inotify, room, sizeof(room));

	for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= len;) {
		const struct inotify_event *event = (const struct inotify_event *)(room + at);

		take_event(m, event);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	return 0;
}

int cgroup_map_start(struct cgroup_map **ret, const struct recipe_cgroups *config,
		     const struct object *object, struct loop *loop, struct err *err)
{
	const struct map_plan *map;
	struct cgroup_map *m;
	int rc;

	*ret = NULL;
	if (!config->map)
		return 0;
	map = plan_map(object_plan(object), config->map);
	m = xcalloc(1, sizeof(*m));
	m->config = *config;
	m->loop = loop;
	m->fd = object_map_fd(object, map);
	m->mount = mount_of("cgroup2");
	m->groups = xcalloc(CGROUP_MAP_MAX, sizeof(*m->groups));
	m->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (!m->mount)
		rc = err_set(err, ENOENT, "map %s: no cgroup2 is mounted", config->map);
	else if (m->inotify < 0)
		rc = err_sys(err, errno, "map %s: cgroups cannot be watched", config->map);
	else
		rc = loop_add_fd(loop, m->inotify, EPOLLIN, on_change, m, &m->source, err);
	if (rc < 0) {
		cgroup_map_free(m);
		return rc;
	}
	add_tree(m, "", 0);
	*ret = m;
	return 0;
}

void cgroup_map_free(struct cgroup_map *m)
{
	if (!m)
		return;
	if (m->source)
		loop_remove(m->loop, m->source);
	close_fd(&m->inotify);
	for (size_t i = 0; i < m->count; i++)
		free(m->groups[i].path);
	free(m->groups);
	free(m->mount);
	free(m);
}
