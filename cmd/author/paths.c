// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/paths.h"

#include <errno.h>
#include <fcntl.h>

#include "base/err.h"
#include "base/util.h"

#define PREFIX "/proc/self/fd/"
#define PREFIX_BYTES (sizeof(PREFIX) - 1)
#define WHOLE_BYTES (PREFIX_BYTES + 3) /* two digits and a slash */

static int open_folder(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int paths_init(struct paths *paths, const char *source, struct err *err)
{
	const char *slash = strrchr(source, '/');
	_cleanup_free_ char *dir =
		slash ? xstrndup(source, (size_t)(slash - source) + 1) : xstrdup(".");
	int fd = open_folder(dir), code = fd < 0 ? errno : 0;

	*paths = (struct paths){ .source_dir = code ? NULL : realpath(dir, NULL) };
	if (!code && !paths->source_dir)
		code = errno;
	if (code) {
		close_fd(&fd);
		return err_sys(err, code, "cannot open the folder of %s", source);
	}
	paths->folders[paths->count++].fd = fd;
	return 0;
}

void paths_release(struct paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		close_fd(&paths->folders[i].fd);
	free(paths->source_dir);
	*paths = (struct paths){ 0 };
}

static char *name_of(size_t number)
{
	return xasprintf(PREFIX "%zu/", PATHS_FIRST_FD + number);
}

/* The rest of `dir` behind the source's folder, "" for that itself; NULL: it is elsewhere. */
static const char *inside(const struct paths *paths, const char *dir)
{
	size_t len = strlen(paths->source_dir);

	if (!has_prefix(dir, paths->source_dir) || (dir[len] != '/' && dir[len]))
		return NULL;
	return dir + len + (dir[len] == '/');
}

char *paths_add(struct paths *paths, const char *dir, const char *shown)
{
	_cleanup_free_ char *real = realpath(dir, NULL), *source = name_of(0);
	const char *rest = real ? inside(paths, real) : NULL;
	struct paths_folder *folder = &paths->folders[paths->count];
	int fd;

	if (rest)
		return xasprintf("%s%s%s", source, rest, *rest ? "/" : "");
	fd = paths->count < PATHS_MAX ? open_folder(dir) : -1;
	if (fd < 0)
		return xasprintf("%s/", shown);
	folder->fd = fd;
	snprintf(folder->shown, sizeof(folder->shown), "%s", shown);
	return name_of(paths->count++);
}

/* The number of the folder whose name begins at `text`, which has WHOLE_BYTES; -1: it is none. */
static int folder_at(const struct paths *paths, const char *text)
{
	unsigned number = (unsigned)(text[PREFIX_BYTES] - '0') * 10 +
			  (unsigned)(text[PREFIX_BYTES + 1] - '0') - PATHS_FIRST_FD;

	return text[WHOLE_BYTES - 1] == '/' && number < paths->count ? (int)number : -1;
}

void paths_shorten(const struct paths *paths, char *object, size_t len)
{
	const char *end = object + len;
	char *at = object;

	while ((at = memmem(at, (size_t)(end - at), PREFIX, PREFIX_BYTES)) &&
	       (size_t)(end - at) > WHOLE_BYTES) {
		char whole[WHOLE_BYTES + 1];
		size_t name_len = strnlen(at + WHOLE_BYTES, (size_t)(end - at) - WHOLE_BYTES), n;
		int number = folder_at(paths, at);

		/* A string of its own, not the end of another one. */
		if (number >= 0 && at > object && at[-1] == '\0') {
			const char *shown = paths->folders[number].shown;

			n = (size_t)snprintf(whole, sizeof(whole), "./%s%s", shown,
					     *shown ? "/" : "");
			memcpy(at, whole, n);
			memmove(at + n, at + WHOLE_BYTES, name_len);
			memset(at + n + name_len, 0, WHOLE_BYTES - n);
		}
		at += WHOLE_BYTES;
	}
}
