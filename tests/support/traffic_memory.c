// SPDX-License-Identifier: Apache-2.0
/* Jobs of traffic.c that are about memory. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/traffic.h"

/* Allocates COUNT times SIZE bytes, in this function, and frees FREED of these. */
static void __attribute__((noinline)) job_leak(char **args)
{
	size_t size = number(args[0]);
	long count = number(args[1]), freed = number(args[2]);
	void *volatile *all = mmap(NULL, count * sizeof(*all), PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (long i = 0; i < count; i++)
		all[i] = malloc(size);
	for (long i = 0; i < freed; i++)
		free(all[i]);
}

/* Opens COUNT pipes, which stay open. */
static void job_pipes(char **args)
{
	int fds[2];

	for (long n = number(args[0]); n > 0; n--)
		if (pipe(fds))
			die("pipe");
}

/* One of each kind, and a realloc() of it; nothing is freed. */
static void job_allocators(char **args)
{
	void *volatile aligned[2], *volatile block;

	block = calloc(10, 1000);
	block = realloc(block, 20000);
	if (posix_memalign((void **)&aligned[0], 64, 30000))
		die("memory");
	aligned[1] = aligned_alloc(64, 40000);
	(void)args;
}

/* Writes to each of the first PAGES pages of a private mapping of the file. */
static void job_private(char **args)
{
	long pages = number(args[1]), size = sysconf(_SC_PAGESIZE);
	int fd = open(args[0], O_RDONLY | O_CLOEXEC);
	volatile char *bytes = mmap(NULL, pages * size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (fd < 0 || bytes == MAP_FAILED)
		die("%s", args[0]);
	for (long i = 0; i < pages; i++)
		bytes[i * size] = 1;
	munmap((void *)bytes, pages * size);
	close(fd);
}

static void act_touch(void *ctx)
{
	/* Before there is too little memory for it. */
	printf("child %d\n", getpid());
	size_t size = *(long *)ctx;
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (bytes == MAP_FAILED)
		die("mmap");
	for (size_t off = 0; off < size; off += 4096)
		((volatile char *)bytes)[off] = 1;
	_exit(0);
}

/* In a child, which the kernel may well kill for it. */
static void job_touch(char **args)
{
	long size = number(args[0]);
	int status = child(act_touch, &size);

	/* What the kernel did to it. */
	printf("touched %s\n", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "all");
}

const struct job memory_jobs[] = {
	{ "leak", "SIZE,COUNT,FREED", 3, job_leak }, { "pipes", "COUNT", 1, job_pipes },
	{ "allocators", "", 0, job_allocators },     { "private", "PATH,PAGES", 2, job_private },
	{ "touch", "BYTES", 1, job_touch },	     { 0 },
};
