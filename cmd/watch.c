// SPDX-License-Identifier: Apache-2.0
#include "cmd/watch.h"

#include <errno.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/util.h"

struct watch {
	int fd;
	char *path;
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

int watch_new(struct watch **ret, const char *path, struct err *err)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir =
		slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");

	w->path = xstrdup(path);
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd < 0 ||
	    inotify_add_watch(w->fd, dir, IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE) < 0) {
		int code = errno;

		watch_free(w);
		return err_sys(err, code, "cannot watch %s", dir);
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
}

bool watch_changed(struct watch *w)
{
	return look(w);
}
