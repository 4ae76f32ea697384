// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <sys/mount.h>

#include "base/log.h"
#include "base/util.h"
#include "runner/load/kernel/mounts.h"

#define TRACEFS "/sys/kernel/tracing"
#define TRACEFS_IN_DEBUGFS "/sys/kernel/debug/tracing"

const char *tracefs_path(void)
{
	bool closed;

	if (may_access(TRACEFS "/events", F_OK) == 0)
		return TRACEFS;
	closed = errno == EACCES;
	if (may_access(TRACEFS_IN_DEBUGFS "/events", F_OK) == 0)
		return TRACEFS_IN_DEBUGFS;
	if (closed)
		errno = EACCES;
	return NULL;
}

static bool is_empty_dir(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = dir != NULL;

	while (empty && (entry = readdir(dir)))
		empty = streq(entry->d_name, ".") || streq(entry->d_name, "..");
	if (dir)
		closedir(dir);
	return empty;
}

int tracefs_ensure(void)
{
	if (tracefs_path())
		return 0;
	if (!is_empty_dir(TRACEFS))
		return -ENOENT;
	if (mount("tracefs", TRACEFS, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return -errno;
	log_info("tracefs was not mounted: it is now, at " TRACEFS);
	return 0;
}

char *mount_of(const char *type)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	char *path = NULL;

	while (mounts && !path && (entry = getmntent(mounts)))
		if (streq(entry->mnt_type, type))
			path = xstrdup(entry->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return path;
}
