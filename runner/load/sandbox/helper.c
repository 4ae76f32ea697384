// SPDX-License-Identifier: Apache-2.0
#include "runner/load/sandbox/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/util.h"
#include "runner/load/sandbox/packet.h"

#define OWN_FD (STDERR_FILENO + 1)

/* Ctrl-C and the stop of a unit go to every process of a group, and this one is needed until the
 * other has ended: signals are blocked. */
static _Noreturn void helper_main(int fd, const char *name, void (*run)(int fd, void *ctx),
				  void *ctx, int keep_fd)
{
	unsigned last = OWN_FD;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	prctl(PR_SET_NAME, name);
	if (keep_fd >= 0) {
		/* Neither descriptor may overwrite the other. */
		fd = fcntl(fd, F_DUPFD, HELPER_KEPT_FD + 1);
		keep_fd = dup2(keep_fd, HELPER_KEPT_FD);
		last = HELPER_KEPT_FD;
	}
	dup2(fd, OWN_FD);
	syscall(SYS_close_range, last + 1, ~0U, 0U);
	run(OWN_FD, ctx);
	_exit(0);
}

int helper_start(struct helper *ret, const char *name, void (*run)(int fd, void *ctx), void *ctx,
		 int keep_fd)
{
	int ends[2], code = packet_pair(ends);
	pid_t pid;

	if (code < 0)
		return code;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		helper_main(ends[1], name, run, ctx, keep_fd);
	code = pid < 0 ? -errno : 0;
	close(ends[1]);
	if (code < 0)
		close(ends[0]);
	else
		*ret = (struct helper){ .fd = ends[0], .pid = pid };
	return code;
}

int helper_wait(struct helper *helper)
{
	int status = 0;

	while (helper->pid > 0 && waitpid(helper->pid, &status, 0) < 0 && errno == EINTR)
		;
	helper->pid = 0;
	return status;
}

void helper_stop(struct helper *helper)
{
	close_fd(&helper->fd);
	helper->fd = -1;
	helper_wait(helper);
}
