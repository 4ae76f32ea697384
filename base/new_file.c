// SPDX-License-Identifier: Apache-2.0
#include "base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/util.h"

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
	struct new_file file = NEW_FILE_INIT;
	int code;

	file.replace = replace;
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
	code = aside_open(&file.aside, path);
	if (code < 0) {
		aside_release(&file.aside);
		return err_sys(err, -code, "cannot write %s", path);
	}
	file.fd = file.aside.fd;
	*ret = file;
	return 0;
}

static int ask_keeper(int desk)
{
	int code = 0;
	ssize_t n;

	if (send(desk, "", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	do
		n = recv(desk, &code, sizeof(code), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(code) ? code : n < 0 ? -errno : -EPIPE;
}

int new_file_commit(struct new_file *file)
{
	int code = file->committed   ? 0
		   : file->desk >= 0 ? ask_keeper(file->desk)
				     : aside_commit(&file->aside, file->replace);

	file->committed = code == 0;
	return code;
}

void new_file_serve(struct new_file *file, int desk)
{
	char byte;

	while (recv(desk, &byte, 1, 0) == 1) {
		int code = new_file_commit(file);

		send(desk, &code, sizeof(code), MSG_NOSIGNAL);
	}
	new_file_release(file);
}

void new_file_drop(struct new_file *file)
{
	free(steal_ptr(&file->aside.tmp));
	aside_release(&file->aside);
	*file = NEW_FILE_INIT;
}

void new_file_entrust(struct new_file *file, int desk, pid_t keeper)
{
	int fd = file->fd;

	/* The descriptor alone is left of it. */
	file->aside.fd = -1;
	new_file_drop(file);
	file->fd = fd;
	file->desk = desk;
	file->keeper = keeper;
}

void new_file_release(struct new_file *file)
{
	close_fd(&file->desk);
	while (file->keeper && waitpid(file->keeper, NULL, 0) < 0 && errno == EINTR)
		;
	/* A stream has nothing aside. */
	if (!file->aside.path)
		close_fd(&file->fd);
	aside_release(&file->aside);
	*file = NEW_FILE_INIT;
}
