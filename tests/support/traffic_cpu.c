// SPDX-License-Identifier: Apache-2.0
/* Jobs of traffic.c that use CPUs, sleep, or wait for locks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/traffic.h"

/* What follows is done on this CPU. */
static void job_cpu(char **args)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(number(args[0]), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		die("cpu %s", args[0]);
}

static void job_sleep(char **args)
{
	nap(number(args[0]));
}

static void job_naps(char **args)
{
	for (long n = number(args[1]); n > 0; n--)
		nap(number(args[0]));
}

static void job_spin(char **args)
{
	struct timespec now;
	int64_t end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + number(args[0]);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec * 1000LL + now.tv_nsec / 1000000 < end);
}

/* Uses the CPU for so many milliseconds, however long that takes. */
static void job_burn(char **args)
{
	struct timespec used;
	int64_t ms = number(args[0]), start = -1, now;

	do {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
		now = used.tv_sec * 1000LL + used.tv_nsec / 1000000;
		start = start < 0 ? now : start;
	} while (now - start < ms);
}

/* So many children use this CPU at the same time until MS have passed. */
static void job_crowd(char **args)
{
	for (long n = number(args[0]); n > 0; n--) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0) {
			job_spin(&args[1]);
			_exit(0);
		}
	}
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

/* Until this process sleeps. */
static void await_sleep(pid_t pid)
{
	char path[64], text[512];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		nap(1);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		close(fd);
		if (got <= 0)
			die("%s", path);
		text[got] = '\0';
	} while (!strstr(text, ") S "));
}

/* A child wakes this process from its read so many times. */
static void job_wakes(char **args)
{
	pid_t self = getpid();
	int pipes[2];
	char byte = 0;
	pid_t pid;

	if (pipe(pipes) || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		for (long n = number(args[0]); n > 0; n--) {
			await_sleep(self);
			if (write(pipes[1], &byte, 1) != 1)
				die("write");
		}
		_exit(0);
	}
	printf("child %d\n", pid);
	for (long n = number(args[0]); n > 0; n--)
		if (read(pipes[0], &byte, 1) != 1)
			die("read");
	close(pipes[0]);
	close(pipes[1]);
	waitpid(pid, NULL, 0);
}

/* Waits COUNT times on one futex, until a child wakes it MS after it sleeps. */
static void job_futex(char **args)
{
	uint32_t *lock =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long count = number(args[1]);
	pid_t self = getpid(), pid = fork();

	if (lock == MAP_FAILED || pid < 0)
		die("fork");
	for (long n = 0; pid == 0 && n < count; n++) {
		await_sleep(self);
		nap(number(args[0]));
		__atomic_add_fetch(lock, 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, lock, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	if (pid == 0)
		_exit(0);
	printf("lock %p\n", (void *)lock);
	for (long n = 0; n < count; n++)
		while (__atomic_load_n(lock, __ATOMIC_SEQ_CST) == n)
			syscall(SYS_futex, lock, FUTEX_WAIT, n, NULL, NULL, 0);
	waitpid(pid, NULL, 0);
}

/* A child reads from a terminal, and holds its mutex meanwhile; this process waits for that mutex
 * until a line comes MS later. Then it reads a line of its own. */
static void job_tty_lock(char **args)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	pid_t self = getpid(), reader, writer;
	char line[8];

	if (master < 0 || grantpt(master) || unlockpt(master))
		die("terminal");
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || (reader = fork()) < 0)
		die("terminal");
	if (reader == 0)
		_exit(read(slave, line, sizeof(line)) != 2);
	await_sleep(reader);
	if ((writer = fork()) < 0)
		die("fork");
	for (int i = 0; writer == 0 && i < 2; i++) {
		if (i == 0)
			await_sleep(self);
		nap(number(args[0]));
		if (write(master, "x\n", 2) != 2)
			die("write");
	}
	if (writer == 0)
		_exit(0);
	if (read(slave, line, sizeof(line)) != 2)
		die("read");
	while (wait(NULL) > 0)
		;
	close(slave);
	close(master);
}

static pthread_mutex_t mutexes[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static pid_t lockers[2];

/* Until this thread waits for the mutex, whose first word is its futex. */
static void await_mutex(pid_t tid, const pthread_mutex_t *mutex)
{
	char path[64], text[256], wanted[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	snprintf(wanted, sizeof(wanted), "%d %p ", SYS_futex, (const void *)mutex);
	do {
		nap(1);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		close(fd);
		if (got <= 0)
			die("%s", path);
		text[got] = '\0';
	} while (strncmp(text, wanted, strlen(wanted)));
}

static void *lock_both(void *ctx)
{
	int mine = ctx != NULL;

	pthread_mutex_lock(&mutexes[mine]);
	__atomic_store_n(&lockers[mine], (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	/* The second one closes the circle. */
	if (mine == 0)
		while (!__atomic_load_n(&lockers[1], __ATOMIC_SEQ_CST))
			nap(1);
	else
		while (!__atomic_load_n(&lockers[0], __ATOMIC_SEQ_CST))
			nap(1);
	if (mine == 1)
		await_mutex(lockers[0], &mutexes[1]);
	pthread_mutex_lock(&mutexes[!mine]);
	return NULL;
}

/* Two threads that wait for each other's mutex until the process ends. */
static void job_deadlock(char **args)
{
	pthread_t threads[2];

	(void)args;
	if (pthread_create(&threads[0], NULL, lock_both, NULL) ||
	    pthread_create(&threads[1], NULL, lock_both, threads))
		die("threads");
	while (!__atomic_load_n(&lockers[0], __ATOMIC_SEQ_CST) ||
	       !__atomic_load_n(&lockers[1], __ATOMIC_SEQ_CST))
		nap(1);
	await_mutex(lockers[1], &mutexes[0]);
	printf("first %p\nsecond %p\nlocker %d\n", (void *)&mutexes[0], (void *)&mutexes[1],
	       lockers[1]);
}

/* Takes two mutexes in one order and in the other, COUNT times, and never waits. */
static void job_lock_order(char **args)
{
	for (long n = number(args[0]); n > 0; n--) {
		for (int first = 0; first < 2; first++) {
			pthread_mutex_lock(&mutexes[first]);
			pthread_mutex_lock(&mutexes[!first]);
			pthread_mutex_unlock(&mutexes[!first]);
			pthread_mutex_unlock(&mutexes[first]);
		}
	}
	printf("first %p\nsecond %p\n", (void *)&mutexes[0], (void *)&mutexes[1]);
}

const struct job cpu_jobs[] = {
	{ "cpu", "NUMBER", 1, job_cpu },       { "burn", "MS", 1, job_burn },
	{ "crowd", "COUNT,MS", 2, job_crowd }, { "wakes", "COUNT", 1, job_wakes },
	{ "futex", "MS,COUNT", 2, job_futex }, { "tty-lock", "MS", 1, job_tty_lock },
	{ "deadlock", "", 0, job_deadlock },   { "lock-order", "COUNT", 1, job_lock_order },
	{ "sleep", "MS", 1, job_sleep },       { "naps", "MS,COUNT", 2, job_naps },
	{ "spin", "MS", 1, job_spin },	       { 0 },
};
