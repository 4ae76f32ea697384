// SPDX-License-Identifier: Apache-2.0
#include "base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/util.h"

#define MODE 0600
#define FLAGS (O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
#define PROC_ROOM 64

/* A name beside the final one. */
static char *name_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash + 1 - path) : 0;
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = (uint64_t)getpid();
	return xasprintf("%.*s.%.200s.%016llx", folder, path, path + folder,
			 (unsigned long long)random);
}

/* Without a name where the file system can do that. */
static int open_beside(struct new_file *file)
{
	const char *slash = strrchr(file->path, '/');
	_cleanup_free_ char *folder =
		slash ? xstrndup(file->path, slash == file->path ? 1 : (size_t)(slash - file->path))
		      : xstrdup(".");

	file->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, MODE);
	if (file->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return -errno;
	file->temporary = name_beside(file->path);
	file->fd = open(file->temporary, FLAGS | O_CREAT | O_EXCL, MODE);
	if (file->fd >= 0)
		return 0;
	free(file->temporary);
	file->temporary = NULL;
	return -errno;
}

/* What is no file of its own: there is nothing to replace, and it may be a link by nature. */
static bool is_stream(const char *path)
{
	struct stat st;

	if (streq(path, "/dev/null") || streq(path, "/dev/stdout") || streq(path, "/dev/stderr") ||
	    has_prefix(path, "/dev/fd/") || has_prefix(path, "/proc/self/fd/"))
		return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
	return lstat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

static int refuse(const char *path, bool replace, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "cannot write %s", path);
	if (S_ISDIR(st.st_mode))
		return err_sys(err, EISDIR, "cannot write %s", path);
	if (S_ISLNK(st.st_mode))
		return err_set(err, ELOOP, "cannot write %s: it is a symbolic link", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "cannot write %s: it is no file", path);
	return replace ? 0 : err_set(err, EEXIST, "%s exists", path);
}

int new_file_open(struct new_file *ret, const char *path, bool replace, struct err *err)
{
	struct new_file file = { .fd = -1, .replace = replace };
	int code;

	if (is_stream(path)) {
		file.fd = open(path, O_WRONLY | O_CLOEXEC);
		if (file.fd < 0)
			return err_sys(err, errno, "cannot write %s", path);
		file.committed = true;
		*ret = file;
		return 0;
	}
	code = refuse(path, replace, err);
	if (code < 0)
		return code;
	file.path = xstrdup(path);
	code = open_beside(&file);
	if (code < 0) {
		free(file.path);
		return err_sys(err, -code, "cannot write %s", path);
	}
	*ret = file;
	return 0;
}

/* A file without a name gets one: 0 or -errno. */
static int give_name(const struct new_file *file, const char *name)
{
	char proc[PROC_ROOM];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, proc, AT_FDCWD, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int new_file_commit(struct new_file *file)
{
	int code = 0;

	if (file->committed)
		return 0;
	if (!file->temporary && !file->replace) {
		code = give_name(file, file->path);
		file->committed = code == 0;
		return code;
	}
	if (!file->temporary) {
		_cleanup_free_ char *name = name_beside(file->path);

		code = give_name(file, name);
		if (code < 0)
			return code;
		file->temporary = steal_ptr(&name);
	}
	if (file->replace)
		code = rename(file->temporary, file->path) < 0 ? -errno : 0;
	else
		code = renameat2(AT_FDCWD, file->temporary, AT_FDCWD, file->path,
				 RENAME_NOREPLACE) < 0
			       ? -errno
			       : 0;
	if (code < 0)
		return code;
	free(file->temporary);
	file->temporary = NULL;
	file->committed = true;
	return 0;
}

void new_file_release(struct new_file *file)
{
	if (file->temporary)
		unlink(file->temporary);
	close_fd(&file->fd);
	free(file->temporary);
	free(file->path);
	*file = NEW_FILE_INIT;
}
