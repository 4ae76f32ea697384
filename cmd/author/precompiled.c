// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/precompiled.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "oci/format/digest.h"

#define KEY_DIGITS 16
#define KEY_MAX_BYTES 65536
#define BEGINNING_BYTES 65536 /* comments before the first line */

extern char **environ;

static const char *skip_comments(const char *c)
{
	while (*c) {
		const char *end;

		if (strchr(" \t\r\n", *c))
			c++;
		else if (has_prefix(c, "//"))
			c += strcspn(c, "\n");
		else if (has_prefix(c, "/*") && (end = strstr(c + 2, "*/")))
			c = end + 2;
		else
			break;
	}
	return c;
}

bool precompiled_fits(const char *source)
{
	_cleanup_close_ int fd = open(source, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = xcalloc(1, BEGINNING_BYTES + 1);
	const char *c = text;

	if (fd < 0 || read(fd, text, BEGINNING_BYTES) <= 0)
		return false;
	c = skip_comments(c);
	if (!has_prefix(c, "#include"))
		return false;
	c += strlen("#include");
	c += strspn(c, " \t");
	return has_prefix(c, "\"vmlinux.h\"") || has_prefix(c, "<vmlinux.h>");
}

/* As execvp() finds it. */
static bool find_program(const char *name, struct stat *ret)
{
	_cleanup_free_ char *folders = xstrdup(getenv("PATH") ? getenv("PATH") : "");
	bool found = strchr(name, '/') && stat(name, ret) == 0;
	char *rest = NULL;

	for (char *dir = strtok_r(folders, ":", &rest); dir && !found;
	     dir = strtok_r(NULL, ":", &rest)) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);

		found = stat(path, ret) == 0;
	}
	return found;
}

static char *path_of(const char *dir, const struct words *words)
{
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT(KEY_MAX_BYTES);
	char digest[DIGEST_ROOM];
	struct stat clang;

	/* Another version of clang cannot read the file. */
	if (!find_program(words->words[0], &clang))
		return NULL;
	strbuf_addf(&key, "%llu %lld %lld %ld\n", (unsigned long long)clang.st_ino,
		    (long long)clang.st_size, (long long)clang.st_mtim.tv_sec,
		    clang.st_mtim.tv_nsec);
	for (size_t i = 0; i < words->count; i++)
		strbuf_addf(&key, "%s\n", words->words[i]);
	digest_of(strbuf_str(&key), key.len, digest);
	return xasprintf("%s/vmlinux-%.*s.pch", dir, KEY_DIGITS, digest_hex(digest));
}

/* Without a word: the source is compiled without it then. */
static int run(char *const argv[])
{
	posix_spawn_file_actions_t actions;
	int status = -1, code;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	code = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (code)
		return -code;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static bool make(const char *path, const char *dir, const struct words *words)
{
	_cleanup_free_ char *aside = xasprintf("%s.%d", path, getpid());
	_cleanup_free_ char *header = xasprintf("%s/vmlinux.h", dir);
	const char *more[] = { "-x", "c-header", header, "-o", aside, NULL };
	struct words argv = { 0 };
	bool made;

	for (size_t i = 0; i < words->count; i++)
		words_add(&argv, words->words[i]);
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		words_add(&argv, more[i]);
	made = run((char **)argv.words) == 0 && rename(aside, path) == 0;
	if (!made)
		unlink(aside);
	words_release(&argv);
	return made;
}

char *precompiled_header(const char *dir, const struct words *words)
{
	_cleanup_free_ char *path = path_of(dir, words);

	if (!path)
		return NULL;
	if (may_access(path, R_OK) < 0 && !make(path, dir, words)) {
		log_debug("%s cannot be made", path);
		return NULL;
	}
	return steal_ptr(&path);
}
