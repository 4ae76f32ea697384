// SPDX-License-Identifier: Apache-2.0
#include "base/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>

#include "base/util.h"

#define NAME_TRIES 100

static int open_nameless(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir =
		slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");

	/* linkat() finds it by its descriptor, in /proc. */
	if (access("/proc/self/fd", X_OK) < 0)
		return -1;
	return open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
}

int aside_open(struct aside *aside, const char *path)
{
	*aside = (struct aside){ .fd = open_nameless(path), .path = xstrdup(path) };
	if (aside->fd >= 0)
		return 0;
	aside->tmp = xasprintf("%s.XXXXXX", path);
	aside->fd = mkostemp(aside->tmp, O_CLOEXEC);
	if (aside->fd >= 0)
		return 0;
	free(steal_ptr(&aside->tmp));
	return -errno;
}

static int link_as(const struct aside *aside, const char *path)
{
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", aside->fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* A nameless file cannot replace another one: it gets a name for the moment in between. */
static int give_name(struct aside *aside)
{
	int rc = -EEXIST;

	for (int i = 0; rc == -EEXIST && i < NAME_TRIES; i++) {
		uint32_t dice = (uint32_t)i;
		char *tmp;

		if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != sizeof(dice))
			dice = (uint32_t)i;
		tmp = xasprintf("%s.%08x", aside->path, dice);
		rc = link_as(aside, tmp);
		if (rc == 0)
			aside->tmp = tmp;
		else
			free(tmp);
	}
	return rc;
}

int aside_commit(struct aside *aside, bool replace)
{
	int rc = 0;

	if (!replace && !aside->tmp)
		return link_as(aside, aside->path);
	if (!replace)
		return link(aside->tmp, aside->path) < 0 ? -errno : 0;
	if (!aside->tmp)
		rc = give_name(aside);
	if (rc == 0 && rename(aside->tmp, aside->path) < 0)
		rc = -errno;
	if (rc == 0)
		free(steal_ptr(&aside->tmp));
	return rc;
}

void aside_release(struct aside *aside)
{
	if (aside->tmp)
		unlink(aside->tmp);
	free(aside->tmp);
	free(aside->path);
	close_fd(&aside->fd);
	*aside = (struct aside)ASIDE_INIT;
}
