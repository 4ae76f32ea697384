// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/aside.h"
#include "base/err.h"
#include "base/utf8.h"
#include "base/util.h"

/* Pipes, devices and the like have no other content to be spoiled. */
static int write_into(const char *path, const void *bytes, size_t len)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : write_all(fd, bytes, len);
}

static int write_beside(const char *path, const void *bytes, size_t len, bool replace)
{
	_cleanup_(aside_release) struct aside aside = ASIDE_INIT;
	mode_t mask = umask(0);
	int rc = aside_open(&aside, path);

	umask(mask);
	if (rc == 0)
		rc = write_all(aside.fd, bytes, len);
	if (rc == 0 && fchmod(aside.fd, 0666 & ~mask) < 0)
		rc = -errno;
	return rc < 0 ? rc : aside_commit(&aside, replace);
}

int file_write(const char *path, const void *bytes, size_t len, bool replace, struct err *err)
{
	struct stat st;
	bool there = stat(path, &st) == 0;
	int rc;

	if (streq(path, "-")) {
		rc = write_all(STDOUT_FILENO, bytes, len);
		return rc < 0 ? err_sys(err, -rc, "standard output") : 0;
	}
	if (there && S_ISDIR(st.st_mode))
		rc = -EISDIR;
	else if (there && !S_ISREG(st.st_mode))
		rc = write_into(path, bytes, len);
	else if (there && !replace)
		rc = -EEXIST;
	else
		rc = write_beside(path, bytes, len, replace);
	return rc < 0 ? err_sys(err, -rc, "cannot write %s", path) : 0;
}

void file_print_line(const char *text)
{
	_cleanup_free_ char *safe = utf8_term_text(text);

	printf("%s\n", safe);
}

int file_print_json(struct json_t *json, struct err *err)
{
	_cleanup_free_ char *text = json_dumps(json, JSON_INDENT(2)), *safe = NULL;
	size_t len = text ? strlen(text) : 0;
	int rc;

	json_decref(json);
	if (!text)
		return err_set(err, EILSEQ, "cannot write JSON: a text is not UTF-8");
	safe = xmalloc(UTF8_JSON_ROOM(len) + 1);
	len = utf8_json_text(safe, text, len);
	safe[len++] = '\n';
	errno = 0;
	rc = fwrite(safe, 1, len, stdout) == len ? 0 : -1;
	if (rc == 0 || errno == EPIPE)
		return 0;
	return err_sys(err, errno ? errno : EIO, "standard output");
}
