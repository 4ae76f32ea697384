// SPDX-License-Identifier: Apache-2.0
/*
 * Traffic of known size for tests: each job does one thing a stated number of times, and nothing
 * else does it.
 *
 *	traffic [--now] [--comm NAME] [--uid UID] JOB...
 *
 * Prints "pid N", waits for a byte (or the end) of standard input unless --now, does the jobs in
 * order, prints what a test needs to know ("port 40123"), and ends with "done". A job that fails
 * ends it with status 1.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/traffic.h"

enum { MAX_ARGS = 4 };

void die(const char *fmt, ...)
{
	int code = errno;
	va_list ap;

	va_start(ap, fmt);
	fputs("traffic: ", stderr);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, ": %s\n", strerror(code));
	va_end(ap);
	exit(1);
}

long number(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 0);
	if (errno || end == text || *end) {
		errno = EINVAL;
		die("'%s' is not a number", text);
	}
	return n;
}

void nap(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

int child(void (*act)(void *ctx), void *ctx)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		act(ctx);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	return status;
}

static void job_getppid(char **args)
{
	for (long n = number(args[0]); n > 0; n--)
		syscall(SYS_getppid);
}

static void act_exec(void *ctx)
{
	char *argv[] = { ctx, NULL };

	execv(ctx, argv);
	die("%s", (char *)ctx);
}

static void job_exec(char **args)
{
	for (long n = number(args[1]); n > 0; n--)
		child(act_exec, args[0]);
}

static void act_exit(void *ctx)
{
	_exit(*(long *)ctx);
}

static void job_exit(char **args)
{
	long code = number(args[0]);

	for (long n = number(args[1]); n > 0; n--)
		if (WEXITSTATUS(child(act_exit, &code)) != code)
			die("exit status %ld", code);
}

static void act_kill(void *ctx)
{
	signal(*(long *)ctx, SIG_DFL);
	kill(getpid(), *(long *)ctx);
}

static void job_kill(char **args)
{
	long sig = number(args[0]);

	for (long n = number(args[1]); n > 0; n--)
		if (WTERMSIG(child(act_kill, &sig)) != sig)
			die("signal %ld", sig);
}

static const struct job jobs[] = {
	{ "getppid", "COUNT", 1, job_getppid },
	{ "exec", "PATH,COUNT", 2, job_exec },
	{ "exit", "CODE,COUNT", 2, job_exit },
	{ "kill", "SIGNAL,COUNT", 2, job_kill },
	{ 0 },
};

static const struct job *const all_jobs[] = { jobs,	    cpu_jobs,	 memory_jobs,
					      network_jobs, system_jobs, application_jobs };

/* Calls `act` for each job until it returns true. */
static bool each_job(bool (*act)(const struct job *job, void *ctx), void *ctx)
{
	for (size_t i = 0; i < sizeof(all_jobs) / sizeof(all_jobs[0]); i++)
		for (const struct job *job = all_jobs[i]; job->name; job++)
			if (act(job, ctx))
				return true;
	return false;
}

static bool print_job(const struct job *job, void *ctx)
{
	fprintf(stderr, "  %s%s%s\n", job->name, *job->args ? "," : "", job->args);
	return false;
}

static void __attribute__((noreturn)) usage(void)
{
	fputs("usage: traffic [--now] [--comm NAME] [--uid UID] JOB[,ARGUMENT...]...\njobs:\n",
	      stderr);
	each_job(print_job, NULL);
	exit(2);
}

struct call {
	const char *name;
	char *args[MAX_ARGS];
	int count;
};

static bool run_named(const struct job *job, void *ctx)
{
	struct call *call = ctx;

	if (strcmp(job->name, call->name) || job->count != call->count)
		return false;
	job->run(call->args);
	return true;
}

/* Arguments are separated by commas, since addresses have colons. */
static void run_job(char *text)
{
	char *rest = text;
	struct call call = { .name = strsep(&rest, ",") };

	while (rest && call.count < MAX_ARGS)
		call.args[call.count++] = strsep(&rest, ",");
	if (rest || !each_job(run_named, &call))
		usage();
}

int main(int argc, char **argv)
{
	bool now = false;
	long uid = -1;
	char byte;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--now"))
			now = true;
		else if (!strcmp(argv[i], "--comm") && i + 1 < argc)
			prctl(PR_SET_NAME, argv[++i]);
		else if (!strcmp(argv[i], "--uid") && i + 1 < argc)
			uid = number(argv[++i]);
		else
			usage();
	}
	if (i == argc)
		usage();
	if (uid >= 0 && setresuid(uid, uid, uid))
		die("setresuid");
	if (!now) {
		printf("pid %d\n", getpid());
		if (read(STDIN_FILENO, &byte, 1) < 0)
			die("standard input");
	}
	for (; i < argc; i++)
		run_job(argv[i]);
	if (!now)
		puts("done");
	return 0;
}
