// SPDX-License-Identifier: Apache-2.0
#include "cmd/watch.h"

#include <errno.h>
#include <libgen.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/util.h"

#define EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MOVE_SELF | IN_DELETE_SELF)

struct watch {
	int fd;
	char *path, *dir;
	int above; /* watches a folder above `dir` while that is missing; -1: none */
	struct stat last;
};

static bool look(struct watch *w)
{
	struct stat now = { 0 };
	bool same;

	if (stat(w->path, &now) < 0)
		return false; /* between two steps of a replacement */
	same = now.st_dev == w->last.st_dev && now.st_ino == w->last.st_ino &&
	       now.st_size == w->last.st_size && now.st_mtim.tv_sec == w->last.st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == w->last.st_mtim.tv_nsec;
	w->last = now;
	return !same;
}

/* Watches the folder, or while it is missing the nearest one above it. The length of its path. */
static size_t watch_nearest(struct watch *w)
{
	_cleanup_free_ char *path = xstrdup(w->dir);
	const char *folder = path;
	int above = -1, added;

	while ((added = inotify_add_watch(w->fd, folder, EVENTS)) < 0 &&
	       (errno == ENOENT || errno == ENOTDIR) && !streq(folder, "/") && !streq(folder, "."))
		folder = dirname(path);
	if (!streq(folder, w->dir))
		above = added;
	if (w->above >= 0 && w->above != above && w->above != added)
		inotify_rm_watch(w->fd, w->above);
	w->above = above;
	return added < 0 ? 0 : strlen(folder);
}

/* The folder may have been removed or replaced. A folder that comes while the one above it is not
 * watched yet makes no event: look until there is none. */
static void follow(struct watch *w)
{
	size_t before, now = watch_nearest(w);

	do {
		before = now;
		now = w->above >= 0 ? watch_nearest(w) : before;
	} while (now > before);
}

int watch_new(struct watch **ret, const char *path, struct err *err)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	const char *slash = strrchr(path, '/');

	w->path = xstrdup(path);
	w->dir = slash == path ? xstrdup("/")
		 : slash       ? xstrndup(path, (size_t)(slash - path))
			       : xstrdup(".");
	w->above = -1;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd < 0 || inotify_add_watch(w->fd, w->dir, EVENTS) < 0) {
		int rc = err_sys(err, errno, "cannot watch %s", w->dir);

		watch_free(w);
		return rc;
	}
	look(w);
	*ret = w;
	return 0;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	close_fd(&w->fd);
	free(w->dir);
	free(w->path);
	free(w);
}

const char *watch_path(const struct watch *w)
{
	return w->path;
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

void watch_drain(struct watch *w)
{
	char events[4096];

	while (read(w->fd, events, sizeof(events)) > 0)
		;
	follow(w);
}

bool watch_changed(struct watch *w)
{
	return look(w);
}
