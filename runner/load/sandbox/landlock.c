// SPDX-License-Identifier: Apache-2.0
#include "runner/load/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/util.h"

/* Rights of interfaces that may be newer than the headers. */
#define ACCESS_FS_TRUNCATE (1ULL << 14)	 /* 3 */
#define ACCESS_FS_IOCTL_DEV (1ULL << 15) /* 5 */

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_FS_TRUNCATE)
#define WRITES                                                                                     \
	(READS | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_FS_TRUNCATE |                              \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REFER |    \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR)

int landlock_version(void)
{
	int version =
		(int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return MAX(version, 0);
}

/* All that this version can forbid. */
static uint64_t handled(int version)
{
	uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (version >= 2)
		rights |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		rights |= ACCESS_FS_TRUNCATE;
	if (version >= 5)
		rights |= ACCESS_FS_IOCTL_DEV;
	return rights;
}

static int add(int ruleset, uint64_t rights, const struct landlock_path *path)
{
	_cleanup_close_ int fd = open(path->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	rule.allowed_access = rights & (path->is_writable ? WRITES : READS);
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return -errno;
	return 0;
}

int landlock_enter(const struct landlock_path *paths, size_t count)
{
	int version = landlock_version(), code = 0;
	struct landlock_ruleset_attr attr = { .handled_access_fs = handled(version) };
	_cleanup_close_ int ruleset = -1;

	if (!version)
		return -EOPNOTSUPP;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return -errno;
	for (size_t i = 0; i < count && code == 0; i++)
		code = add(ruleset, attr.handled_access_fs, &paths[i]);
	if (code == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		code = -errno;
	return code;
}
