// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/watched.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/util.h"
#include "cmd/watch.h"

/* An editor writes in several steps, and a checkout writes several files. */
#define SETTLE_MS 40

void watched_release(struct watched *w)
{
	while (w->count)
		watch_free(w->all[--w->count]);
}

/* Taken from those of the last call, which know what they saw; NULL: it cannot be watched. */
static struct watch *find_or_new(struct watched *before, const char *path)
{
	struct watch *made = NULL;

	for (size_t i = 0; i < before->count; i++)
		if (before->all[i] && streq(watch_path(before->all[i]), path))
			return steal_ptr(&before->all[i]);
	return watch_new(&made, path, NULL) < 0 ? NULL : made;
}

void watched_set(struct watched *w, const char *files)
{
	struct watched before = *w;

	if (!*files)
		return;
	for (w->count = 0; *files && w->count < WATCHED_MAX;) {
		size_t len = strcspn(files, "\n");
		_cleanup_free_ char *path = xstrndup(files, len);

		w->all[w->count] = find_or_new(&before, path);
		w->count += w->all[w->count] != NULL;
		files += len + (files[len] == '\n');
	}
	watched_release(&before);
}

/* Looks at each, so that none is reported twice. */
static bool any_changed(struct watched *w)
{
	bool changed = false;

	for (size_t i = 0; i < w->count; i++) {
		watch_drain(w->all[i]);
		changed |= watch_changed(w->all[i]);
	}
	return changed;
}

int watched_wait(struct watched *w, int fd)
{
	struct pollfd fds[WATCHED_MAX + 1] = { { fd, POLLIN } };
	bool changed = false;

	for (size_t i = 0; i < w->count; i++)
		fds[i + 1] = (struct pollfd){ watch_fd(w->all[i]), POLLIN };
	while (true) {
		int ready = poll(fds, w->count + 1, changed ? SETTLE_MS : -1);

		if (ready < 0)
			return -errno;
		if (fds[0].revents)
			return 0;
		if (ready == 0 && changed)
			return 1;
		changed |= any_changed(w);
	}
}
