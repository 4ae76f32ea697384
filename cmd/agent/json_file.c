// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"

static int open_new(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

int json_file_open(struct json_file *file, struct err *err)
{
	file->begun_ns = now_mono_ns();
	file->fd = streq(file->path, "-") ? STDOUT_FILENO : open_new(file->path);
	return file->fd < 0 ? err_sys(err, errno, "cannot write %s", file->path) : 0;
}

static void shift_names(const struct json_file *file)
{
	for (uint64_t n = file->keep; n > 0; n--) {
		_cleanup_free_ char *to = xasprintf("%s.%llu", file->path, (unsigned long long)n);
		_cleanup_free_ char *from =
			n > 1 ? xasprintf("%s.%llu", file->path, (unsigned long long)n - 1)
			      : xstrdup(file->path);

		rename(from, to);
	}
	if (!file->keep)
		unlink(file->path);
}

void json_file_tick(struct json_file *file)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (file->fd <= STDERR_FILENO || fstat(file->fd, &st) < 0 || !st.st_size)
		return;
	if (!(file->max_bytes && (uint64_t)st.st_size >= file->max_bytes) &&
	    !(file->max_age_ns && now_mono_ns() - file->begun_ns >= file->max_age_ns))
		return;
	shift_names(file);
	file->begun_ns = now_mono_ns();
	fd = open_new(file->path);
	if (fd < 0 || dup3(fd, file->fd, O_CLOEXEC) < 0)
		log_error("cannot begin a new %s: %s", file->path, strerror(errno));
}
