// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/git.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "base/url.h"
#include "base/util.h"

#define MAX_SAID_BYTES (64u << 10)
#define MAX_WORDS 12

extern char **environ;

static int spawn_git(char *const argv[], int out_fd, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	int code;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	code = posix_spawnp(ret, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -code;
}

/* What it says, where it succeeds; malloc'ed. NULL: it does not. `words` ends with NULL. */
static char *git(const char *dir, const char *const *words)
{
	/* A monitor is a program that the work tree names: none is run for us. */
	const char *argv[MAX_WORDS + 1] = { "git", "--no-optional-locks",
					    "-c",  "core.fsmonitor=false",
					    "-C",  dir };
	_cleanup_strbuf_ struct strbuf said = STRBUF_INIT(MAX_SAID_BYTES);
	int out[2], status = -1, rc;
	char bytes[4096];
	pid_t pid;
	ssize_t n;

	for (size_t i = 0, at = 6; words[i] && at < MAX_WORDS; i++)
		argv[at++] = words[i];
	if (pipe2(out, O_CLOEXEC) < 0)
		return NULL;
	rc = spawn_git((char *const *)argv, out[1], &pid);
	close(out[1]);
	if (rc == 0) {
		while ((n = read(out[0], bytes, sizeof(bytes))) > 0 || (n < 0 && errno == EINTR))
			if (n > 0)
				strbuf_add(&said, bytes, (size_t)n);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(out[0]);
	if (status != 0 || said.full)
		return NULL;
	return said.len ? strbuf_steal(&said) : xstrdup("");
}

#define git_say(dir, ...) git(dir, (const char *const[]){ __VA_ARGS__, NULL })

/* The first line of `text` alone; NULL where that is empty. Takes it over. */
static char *first_line(char *text)
{
	if (text)
		text[strcspn(text, "\n")] = '\0';
	if (text && *text)
		return text;
	free(text);
	return NULL;
}

/* https or http, a host with a domain that is no private one, nothing that could be a secret. */
static bool is_public(const char *text)
{
	static const char *const private_ends[] = { ".local", ".localdomain", ".internal",
						    ".lan",   ".home.arpa",   ".corp" };
	_cleanup_(url_release) struct url url = { 0 };
	size_t len;

	/* A user is among what url_parse() refuses. */
	if (strpbrk(text, "?#") || url_parse(text, &url, NULL) < 0)
		return false;
	len = strlen(url.host);
	/* Addresses in digits are those of one network, and a name without a domain is. */
	if (host_is_loopback(url.host) || !strchr(url.host, '.') || *url.host == '[' ||
	    strspn(url.host, "0123456789.:") == len)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(private_ends); i++) {
		size_t end = strlen(private_ends[i]);

		if (len > end && strcasecmp(url.host + len - end, private_ends[i]) == 0)
			return false;
	}
	return true;
}

void git_look(const char *file, struct git_info *ret)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	_cleanup_free_ char *dir =
		slash ? xstrndup(file, (size_t)(slash - file) + 1) : xstrdup(".");
	_cleanup_free_ char *known = git_say(dir, "ls-files", "--error-unmatch", "--", base);
	_cleanup_free_ char *changed = NULL;
	char *commit, *origin;

	if (!known)
		return;
	origin = first_line(git_say(dir, "config", "--get", "remote.origin.url"));
	if (origin && is_public(origin))
		ret->origin = steal_ptr(&origin);
	free(origin);
	/* What is not as it was committed has no revision. */
	changed = git_say(dir, "status", "--porcelain", "--untracked-files=no");
	if (!changed || *changed) {
		log_debug("%s: the git work tree differs from its commit, or cannot be read", file);
		return;
	}
	commit = git_say(dir, "log", "-1", "--no-show-signature", "--format=%H%n%ct");
	if (commit && strchr(commit, '\n'))
		ret->time = first_line(xstrdup(strchr(commit, '\n') + 1));
	ret->revision = first_line(commit);
}

void git_info_release(struct git_info *info)
{
	free(info->revision);
	free(info->time);
	free(info->origin);
	*info = (struct git_info){ 0 };
}
