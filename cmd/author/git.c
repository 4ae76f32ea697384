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
#include "cmd/author/git_tree.h"

#define MAX_OUTPUT_BYTES (64u << 20) /* 80,000 files of a kernel tree take 8 MiB */
#define MAX_WORDS 12

extern char **environ;

/*
 * A work tree's own configuration names commands: filters, monitors, hooks, transports. git is
 * therefore asked only for what it reads from its own files (ls-tree, ls-files, cat-file, config,
 * rev-parse), and files are compared here (git_tree.h). These close what is left: git fetches
 * objects that a partial clone lacks with a command that the clone names.
 */
static char *const safe_environment[] = {
	"GIT_ALLOW_PROTOCOL=none",  "GIT_NO_LAZY_FETCH=1", "GIT_OPTIONAL_LOCKS=0",
	"GIT_NO_REPLACE_OBJECTS=1", "GIT_PAGER=cat",	   "GIT_TERMINAL_PROMPT=0",
};

static bool is_overruled(const char *variable)
{
	for (size_t i = 0; i < ARRAY_LEN(safe_environment); i++)
		if (strncmp(variable, safe_environment[i], strcspn(safe_environment[i], "=") + 1) ==
		    0)
			return true;
	return false;
}

static char **make_environment(void)
{
	size_t count = 0, n = 0;
	char **env;

	while (environ[count])
		count++;
	env = xcalloc(count + ARRAY_LEN(safe_environment) + 1, sizeof(*env));
	for (size_t i = 0; i < ARRAY_LEN(safe_environment); i++)
		env[n++] = safe_environment[i];
	for (size_t i = 0; i < count; i++)
		if (!is_overruled(environ[i]))
			env[n++] = environ[i];
	return env;
}

static int spawn_git(char *const argv[], int out_fd, pid_t *ret)
{
	_cleanup_free_ char **env = make_environment();
	posix_spawn_file_actions_t actions;
	int code;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	code = posix_spawnp(ret, argv[0], &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	return -code;
}

/* The output of git, malloc'ed; NULL where git fails. `words` ends with NULL. */
static char *git(const char *dir, size_t *ret_len, const char *const *words)
{
	const char *argv[MAX_WORDS + 1] = { "git", "-c", "core.fsmonitor=false", "-C", dir };
	_cleanup_strbuf_ struct strbuf output = STRBUF_INIT(MAX_OUTPUT_BYTES);
	int out[2], status = -1, rc;
	char bytes[4096];
	pid_t pid;
	ssize_t n;

	for (size_t i = 0, at = 5; words[i] && at < MAX_WORDS; i++)
		argv[at++] = words[i];
	if (pipe2(out, O_CLOEXEC) < 0)
		return NULL;
	rc = spawn_git((char *const *)argv, out[1], &pid);
	close(out[1]);
	if (rc == 0) {
		while ((n = read(out[0], bytes, sizeof(bytes))) > 0 || (n < 0 && errno == EINTR))
			if (n > 0)
				strbuf_add(&output, bytes, (size_t)n);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(out[0]);
	if (status != 0 || output.full)
		return NULL;
	if (ret_len)
		*ret_len = output.len;
	return output.len ? strbuf_steal(&output) : xstrdup("");
}

#define git_ask(dir, ...) git(dir, NULL, (const char *const[]){ __VA_ARGS__, NULL })
#define git_list(dir, len, ...) git(dir, len, (const char *const[]){ __VA_ARGS__, NULL })

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

static bool has_commit(const char *dir, const char *commit)
{
	_cleanup_free_ char *head = first_line(git_ask(dir, "rev-parse", "--verify", "HEAD"));

	return head && streq(head, commit);
}

/* "100644 HASH 0\tPATH" of the index is "100644 blob HASH\tPATH" of a tree. */
static bool same_entry(const char *index, const char *tree)
{
	char index_mode[8], tree_mode[8], index_hash[65], tree_hash[65];
	const char *index_path = strchr(index, '\t'), *tree_path = strchr(tree, '\t');
	int stage;

	return sscanf(index, "%7s %64s %d", index_mode, index_hash, &stage) == 3 && stage == 0 &&
	       sscanf(tree, "%7s %*s %64s", tree_mode, tree_hash) == 2 &&
	       streq(index_mode, tree_mode) && streq(index_hash, tree_hash) && index_path &&
	       tree_path && streq(index_path, tree_path);
}

/* Whether what would be committed next is what the commit has. */
static bool index_matches(const char *top, const char *tree, size_t len)
{
	size_t index_len = 0;
	_cleanup_free_ char *index = git_list(top, &index_len, "ls-files", "-s", "-z");
	const char *a = index, *b = tree;

	while (a && a < index + index_len && b < tree + len) {
		if (!same_entry(a, b))
			return false;
		a += strlen(a) + 1;
		b += strlen(b) + 1;
	}
	return a && a == index + index_len && b == tree + len;
}

static bool is_unchanged(const char *dir, const char *commit)
{
	_cleanup_free_ char *top = first_line(git_ask(dir, "rev-parse", "--show-toplevel"));
	_cleanup_free_ char *tree = NULL;
	size_t len = 0;

	if (!top)
		return false;
	tree = git_list(top, &len, "ls-tree", "-r", "-z", "--full-tree", commit);
	return tree && index_matches(top, tree, len) &&
	       git_tree_matches(top, tree, len, has_commit);
}

/* "committer NAME <ADDRESS> SECONDS ZONE" in the head of a commit. */
static char *commit_time(const char *dir, const char *commit)
{
	_cleanup_free_ char *text = git_ask(dir, "cat-file", "commit", commit);
	char *end = text ? strstr(text, "\n\n") : NULL, *line, *after;

	if (end)
		*end = '\0';
	line = text ? strstr(text, "\ncommitter ") : NULL;
	if (!line)
		return NULL;
	line++;
	line[strcspn(line, "\n")] = '\0';
	after = strrchr(line, '>');
	if (!after || after[1] != ' ')
		return NULL;
	return xstrndup(after + 2, strspn(after + 2, "0123456789"));
}

void git_look(const char *file, struct git_info *ret)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	_cleanup_free_ char *dir =
		slash ? xstrndup(file, (size_t)(slash - file) + 1) : xstrdup(".");
	_cleanup_free_ char *known = git_ask(dir, "ls-files", "--error-unmatch", "--", base);
	char *commit, *origin;

	if (!known)
		return;
	origin = first_line(git_ask(dir, "config", "--get", "remote.origin.url"));
	if (origin && is_public(origin))
		ret->origin = steal_ptr(&origin);
	free(origin);
	commit = first_line(git_ask(dir, "rev-parse", "--verify", "HEAD"));
	if (!commit || !is_unchanged(dir, commit)) {
		log_debug("%s: the git work tree differs from its commit, or cannot be read", file);
		free(commit);
		return;
	}
	ret->time = commit_time(dir, commit);
	ret->revision = commit;
}

void git_info_release(struct git_info *info)
{
	free(info->revision);
	free(info->time);
	free(info->origin);
	*info = (struct git_info){ 0 };
}
