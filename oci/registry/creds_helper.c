// SPDX-License-Identifier: Apache-2.0
#include "oci/registry/creds_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "oci/format/json.h"
#include "oci/format/ref.h"

#define PREFIX "docker-credential-"
#define MAX_ANSWER_BYTES (64u << 10)
#define TIMEOUT_NS (30 * 1000000000ull)
/* From the end of its output to its own. */
#define END_TIMEOUT_NS (3 * 1000000000ull)
#define END_PAUSE_NS 5000000
#define NOT_FOUND "credentials not found"

extern char **environ;

struct helper {
	pid_t pid;
	int in_fd, out_fd;
};

static void helper_release(struct helper *h)
{
	close_fd(&h->in_fd);
	close_fd(&h->out_fd);
	if (h->pid > 0) {
		kill(h->pid, SIGKILL);
		waitpid(h->pid, NULL, 0);
	}
}

static int start(struct helper *h, char *program, struct err *err)
{
	char *const argv[] = { program, "get", NULL };
	posix_spawn_file_actions_t actions;
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, code;

	if (pipe2(in, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		code = errno;
		close(in[0]);
		close(in[1]);
		return err_sys(err, code, "pipe");
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	code = posix_spawnp(&h->pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(out[1]);
	h->in_fd = in[1];
	h->out_fd = out[0];
	if (!code)
		return 0;
	h->pid = 0;
	if (code == ENOENT)
		err_hint(err, "a credential file names this helper; install it, or log in with "
			      "'bombus login'");
	return err_sys(err, code, "cannot run %s", program);
}

/* A helper that wants nothing to read is none of our trouble: SIGPIPE is ignored. */
static int talk(struct helper *h, const char *host, struct strbuf *answer)
{
	uint64_t end_ns = now_mono_ns() + TIMEOUT_NS, now;
	struct pollfd p = { h->out_fd, POLLIN };
	char bytes[4096];
	ssize_t n = write(h->in_fd, host, strlen(host));

	close_fd(&h->in_fd);
	h->in_fd = -1;
	while ((now = now_mono_ns()) < end_ns) {
		n = poll(&p, 1, (int)((end_ns - now) / 1000000) + 1);
		if (n < 0 && errno == EINTR)
			continue;
		n = n > 0 ? read(h->out_fd, bytes, sizeof(bytes)) : n;
		if (n == 0 && p.revents)
			return 0;
		if (n < 0)
			return -errno;
		strbuf_add(answer, bytes, (size_t)n);
		if (answer->full)
			return -EFBIG;
	}
	return -ETIMEDOUT;
}

/* Its status, or -ETIMEDOUT for one that closed its output and lives on: it is killed then. */
static int end(struct helper *h)
{
	const struct timespec pause = { .tv_nsec = END_PAUSE_NS };
	uint64_t end_ns = now_mono_ns() + END_TIMEOUT_NS;
	int status = 0;
	pid_t pid;

	while ((pid = waitpid(h->pid, &status, WNOHANG)) == 0 || (pid < 0 && errno == EINTR)) {
		if (now_mono_ns() > end_ns)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	h->pid = 0;
	return status;
}

static int parse_answer(const char *program, const struct strbuf *answer, struct creds *ret,
			struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	const char *user = NULL, *secret = NULL;
	int rc = json_parse("its answer", answer->buf, answer->len, &json, err);

	if (rc == 0)
		rc = json_get_text(json, "Username", &user, err);
	if (rc == 0)
		rc = json_get_text(json, "Secret", &secret, err);
	if (rc < 0) {
		err_wrap(err, "%s", program);
		return rc;
	}
	if (!user || !secret)
		return err_set(err, EBADMSG, "%s: its answer has no Username or Secret", program);
	ret->user = xstrdup(user);
	ret->secret = xstrdup(secret);
	return 0;
}

int creds_ask_helper(const char *name, const char *host, struct creds *ret, struct err *err)
{
	_cleanup_(helper_release) struct helper h = { 0, -1, -1 };
	_cleanup_strbuf_ struct strbuf answer = STRBUF_INIT(MAX_ANSWER_BYTES);
	_cleanup_free_ char *program = xasprintf(PREFIX "%s", name);
	int rc, status;

	/* It becomes part of a program's name: no path. */
	if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.") != strlen(name))
		return err_set(err, EBADMSG, "'%s' cannot be the name of a credential helper",
			       name);
	rc = start(&h, program, err);
	if (rc < 0)
		return rc;
	rc = talk(&h,
		  streq(host, REF_DEFAULT_HOST) ? "https://index." REF_DEFAULT_HOST "/v1/" : host,
		  &answer);
	if (rc < 0)
		return err_sys(err, -rc, "%s", program);
	status = end(&h);
	if (status < 0)
		return err_set(err, ETIMEDOUT, "%s closed its output and does not end", program);
	rc = status ? 0 : parse_answer(program, &answer, ret, err);
	if (status && !strstr(strbuf_str(&answer), NOT_FOUND))
		rc = err_set(err, EIO, "%s failed: %.*s", program,
			     (int)strcspn(strbuf_str(&answer), "\n"), strbuf_str(&answer));
	if (answer.buf)
		explicit_bzero(answer.buf, answer.len);
	return rc;
}
