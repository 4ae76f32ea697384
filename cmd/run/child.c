// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/util.h"
#include "runner/load/kernel/mounts.h"
#include "runner/load/sandbox/privileges.h"

#define NOT_STARTED 127
#define SWEEP_TRIES 100
#define SWEEP_MS 10

struct sweeper {
	const char *path;
	pid_t pid;
};

/* Runs in the helper, which keeps the rights to remove the cgroup. A byte on `fd` means that the
 * command has ended. */
static void sweep(int fd, void *ctx)
{
	const struct sweeper *s = ctx;
	char byte;

	privileges_become(NULL, 1ULL << CAP_KILL | 1ULL << CAP_DAC_OVERRIDE);
	if (read(fd, &byte, 1) != 1)
		kill(s->pid, SIGTERM);
	for (int i = 0; i < SWEEP_TRIES && rmdir(s->path) < 0 && errno == EBUSY; i++)
		poll(NULL, 0, SWEEP_MS);
}

static _Noreturn void become(int go_fd, const char *const *argv, size_t count)
{
	const char **words = xcalloc(count + 1, sizeof(*words));
	sigset_t none;
	char byte;

	if (read(go_fd, &byte, 1) != 1)
		_exit(NOT_STARTED); /* `run` ended before its start */
	close(go_fd);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	memcpy(words, argv, count * sizeof(*words));
	execvp(words[0], (char **)words);
	dprintf(STDERR_FILENO, "bombus: cannot run %s: %s\n", words[0], strerror(errno));
	_exit(NOT_STARTED);
}

static int make_cgroup(struct child *child, char **ret, struct err *err)
{
	_cleanup_free_ char *mount = mount_of("cgroup2");

	if (!mount) {
		err_hint(err, "mount -t cgroup2 none /sys/fs/cgroup");
		return err_set(err, ENOENT,
			       "no cgroup of version 2 is mounted: a command cannot be followed");
	}
	child->cgroup = xasprintf("/bombus-%d", getpid());
	*ret = xasprintf("%s%s", mount, child->cgroup);
	if (mkdir(*ret, 0755) < 0)
		return err_sys(err, errno, "cannot make a cgroup for the command: %s", *ret);
	return 0;
}

static int enter_cgroup(const char *path, pid_t pid, struct err *err)
{
	_cleanup_free_ char *file = xasprintf("%s/cgroup.procs", path);
	_cleanup_file_ FILE *procs = fopen(file, "we");

	if (!procs || fprintf(procs, "%d", pid) < 0 || fflush(procs) != 0)
		return err_sys(err, errno, "cannot put the command into its cgroup");
	return 0;
}

/* The process, which waits, and the helper that ends it. */
static int fork_both(struct child *child, const char *path, const char *const *argv, size_t count)
{
	struct sweeper sweeper = { .path = path };
	int fds[2], code;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	child->pid = fork();
	if (child->pid == 0) {
		close(fds[1]);
		become(fds[0], argv, count);
	}
	code = child->pid < 0 ? -errno : 0;
	close(fds[0]);
	child->go_fd = fds[1];
	if (code < 0)
		return code;
	child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	sweeper.pid = child->pid;
	code = child->pid_fd < 0 ? -errno : 0;
	return code < 0 ? code
			: helper_start(&child->sweeper, "bombus-cgroup", sweep, &sweeper, -1);
}

int child_start(struct child *child, const char *const *argv, size_t count, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int ret = make_cgroup(child, &path, err);

	if (ret < 0)
		return ret;
	ret = fork_both(child, path, argv, count);
	if (ret < 0) {
		rmdir(path);
		return err_sys(err, -ret, "cannot start the command");
	}
	return enter_cgroup(path, child->pid, err);
}

static int on_end(void *ctx, uint32_t events)
{
	return 1;
}

int child_watch(struct child *child, struct loop *loop, struct err *err)
{
	return child->pid ? loop_add_fd(loop, child->pid_fd, EPOLLIN, on_end, NULL, NULL, err) : 0;
}

void child_go(struct child *child)
{
	if (child->pid && write(child->go_fd, "", 1) == 1)
		close_fd(&child->go_fd);
	child->go_fd = -1;
}

int child_status(struct child *child)
{
	int status;

	if (child->pid <= 0 || waitpid(child->pid, &status, WNOHANG) != child->pid)
		return 0;
	child->pid = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void child_release(struct child *child)
{
	close_fd(&child->go_fd);
	close_fd(&child->pid_fd);
	if (!child->pid && child->sweeper.fd >= 0)
		(void)!write(child->sweeper.fd, "", 1);
	helper_stop(&child->sweeper);
	free(child->cgroup);
}
