// SPDX-License-Identifier: Apache-2.0
/*
 * `bombus` alone on a terminal: a list of what can be run. The verdicts are those of `check`, each
 * from a process of its own, so that the screen never waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/choose.h"
#include "cmd/cmd.h"
#include "cmd/images/images.h"
#include "runner/tui/choose/choose.h"
#include "runner/tui/tui.h"

#define OUTPUT_MAX_BYTES 65536
#define SELF "/proc/self/exe"

struct checker {
	const struct global_args *global;
	pid_t pid;
	int fd; /* its standard error */
	struct strbuf output;
};

/* bombus [--store DIR] COMMAND NAME */
static void make_words(const char *words[6], const struct global_args *global, const char *command,
		       const char *name)
{
	size_t n = 0;

	words[n++] = "bombus";
	if (global->store) {
		words[n++] = "--store";
		words[n++] = global->store;
	}
	words[n++] = command;
	words[n++] = name;
	words[n] = NULL;
}

static int ask(void *ctx, const struct choice *choice)
{
	struct checker *c = ctx;
	posix_spawn_file_actions_t files;
	const char *words[6];
	int pipes[2], ret;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	make_words(words, c->global, "check", choice->name);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, pipes[1], STDERR_FILENO);
	ret = posix_spawn(&c->pid, SELF, &files, NULL, (char **)words, environ);
	posix_spawn_file_actions_destroy(&files);
	close(pipes[1]);
	if (ret) {
		close(pipes[0]);
		return -ret;
	}
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	strbuf_reset(&c->output);
	return c->fd = pipes[0];
}

/* The line that has the verdict: "bombus: ..." without that word. */
static char *verdict_line(const char *output)
{
	const char *line = NULL, *mark = "bombus: ";

	for (const char *at = output; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (has_prefix(at, mark))
			line = at + strlen(mark);
	line = line ? line : output;
	return xstrndup(line, strcspn(line, "\n"));
}

static bool answered(void *ctx, struct choice *choice)
{
	struct checker *c = ctx;
	char bytes[4096];
	int status;
	ssize_t n;

	while ((n = read(c->fd, bytes, sizeof(bytes))) > 0)
		strbuf_add(&c->output, bytes, (size_t)n);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	close_fd(&c->fd);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
	choice->verdict = WIFEXITED(status) && !WEXITSTATUS(status) ? VERDICT_YES : VERDICT_NO;
	choice->why = verdict_line(strbuf_str(&c->output));
	return true;
}

/* One that is still at work is of no use any more. */
static void checker_release(struct checker *c)
{
	close_fd(&c->fd);
	if (c->pid > 0) {
		kill(c->pid, SIGTERM);
		waitpid(c->pid, NULL, 0);
	}
	strbuf_release(&c->output);
}

/* Takes the place of this process. */
static int run_chosen(const struct global_args *global, const char *name, struct err *err)
{
	const char *words[6];
	sigset_t none;

	make_words(words, global, "run", name);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(SELF, (char **)words);
	return err_sys(err, errno, "cannot run '%s'", name);
}

bool choose_usable(void)
{
	return tui_usable(STDIN_FILENO, STDOUT_FILENO);
}

int choose_and_run(const struct global_args *global, struct err *err)
{
	_cleanup_(images_release) struct images images = { 0 };
	struct checker checker = { .global = global, .fd = -1 };
	struct choose_opts opts = { .in_fd = STDIN_FILENO,
				    .out_fd = STDOUT_FILENO,
				    .color = want_color(global, STDOUT_FILENO),
				    .ask = ask,
				    .answered = answered,
				    .ctx = &checker };
	_cleanup_free_ struct choice *choices = NULL;
	size_t chosen = 0;
	int ret = images_available(&images, global, err);

	if (ret < 0)
		return ret;
	if (!images.count) {
		print_overview(global->commands);
		return EXIT_USAGE;
	}
	choices = xcalloc(images.count, sizeof(*choices));
	for (size_t i = 0; i < images.count; i++) {
		choices[i].name = images.infos[i].name;
		choices[i].description = image_description(&images.infos[i]);
	}
	opts.choices = choices;
	opts.count = images.count;
	strbuf_init(&checker.output, OUTPUT_MAX_BYTES);
	ret = choose(&opts, &chosen, err);
	checker_release(&checker);
	for (size_t i = 0; i < images.count; i++)
		free(choices[i].why);
	if (ret)
		return ret < 0 ? ret : 0;
	return run_chosen(global, images.infos[chosen].name, err);
}
