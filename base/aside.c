// SPDX-License-Identifier: Apache-2.0
#include "base/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/util.h"

static int open_nameless(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir =
		slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");

	/* linkat() finds it by its descriptor, in /proc. */
	if (may_access("/proc/self/fd", X_OK) < 0)
		return -1;
	return open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
}

/* A name beside the final one; malloc'ed. */
static char *name_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash + 1 - path) : 0;
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint64_t)getpid();
	return xasprintf("%.*s.%.200s.%016llx", folder, path, path + folder,
			 (unsigned long long)random);
}

int aside_open(struct aside *aside, const char *path)
{
	*aside = (struct aside){ .fd = open_nameless(path), .path = xstrdup(path) };
	if (aside->fd >= 0)
		return 0;
	aside->tmp = name_beside(path);
	aside->fd = open(aside->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
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
	_cleanup_free_ char *tmp = name_beside(aside->path);
	int rc = link_as(aside, tmp);

	if (rc == 0)
		aside->tmp = steal_ptr(&tmp);
	return rc;
}

int aside_commit(struct aside *aside, bool replace)
{
	int rc = 0;

	if (!replace && !aside->tmp)
		return link_as(aside, aside->path);
	if (!replace &&
	    renameat2(AT_FDCWD, aside->tmp, AT_FDCWD, aside->path, RENAME_NOREPLACE) < 0)
		return -errno;
	if (!replace) {
		free(steal_ptr(&aside->tmp));
		return 0;
	}
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
