// SPDX-License-Identifier: Apache-2.0
/*
 * A program whose stacks are known: stacker_outer() calls stacker_middle(), which calls
 *stacker_leaf() through stacker_inlined(). stacker_leaf() calls getppid().
 *
 *	stacker CALLS [jit]	prints "pid N", waits for a line, calls, waits for another one
 *
 * jit: stacker_outer() calls the next function through code that is made at run time, and
 * /tmp/perf-PID.map says that it is "jit_work". It stands for a compiler of another language.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret, and the same for arm64 */
#ifdef __x86_64__
static const unsigned char call_it[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 };
#elif defined(__aarch64__)
static const unsigned char call_it[] = {
	0xfd, 0x7b, 0xbf, 0xa9, 0xfd, 0x03, 0x00, 0x91, 0x00, 0x00,
	0x3f, 0xd6, 0xfd, 0x7b, 0xc1, 0xa8, 0xc0, 0x03, 0x5f, 0xd6
};
#else
static const unsigned char call_it[] = { 0 };
#endif

static long calls;
static void (*made)(void (*next)(void));

/* A function that calls none would have no frame pointer. */
__attribute__((noinline)) static void stacker_idle(void)
{
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) static void stacker_leaf(void)
{
	stacker_idle();
	for (long i = 0; i < calls; i++) {
#ifdef __x86_64__
		long ret;

		/* The C library's function would stand between. */
		__asm__ volatile("syscall" : "=a"(ret) : "a"(SYS_getppid) : "rcx", "r11", "memory");
#else
		syscall(SYS_getppid);
#endif
	}
}

static inline __attribute__((always_inline)) void stacker_inlined(void)
{
	stacker_leaf();
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) static void stacker_middle(void)
{
	stacker_inlined();
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void stacker_outer(void);
void stacker_outer(void)
{
	if (made)
		made(stacker_middle);
	else
		stacker_middle();
	__asm__ volatile("" ::: "memory");
}

static int make_code(void)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64];
	FILE *map;

	if (code == MAP_FAILED)
		return -1;
	memcpy(code, call_it, sizeof(call_it));
	if (mprotect(code, 4096, PROT_READ | PROT_EXEC) < 0)
		return -1;
	__builtin___clear_cache(code, (char *)code + sizeof(call_it));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	map = fopen(path, "we");
	if (!map)
		return -1;
	fprintf(map, "%lx %zx jit_work\n", (unsigned long)code, sizeof(call_it));
	made = (void (*)(void (*)(void)))code;
	return fclose(map);
}

int main(int argc, char **argv)
{
	char line[16];

	calls = argc > 1 ? atol(argv[1]) : 1;
	if (argc > 2 && make_code() < 0)
		return 1;
	printf("pid %d\n", getpid());
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	stacker_outer();
	puts("done");
	fflush(stdout);
	return !fgets(line, sizeof(line), stdin);
}
