/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that a process may still make, by libseccomp, which is loaded for that. A
 * call that is not listed fails with ENOSYS, so that libraries do without calls that are newer than
 * the list; starting programs, attaching to processes, mounting and the like end the process
 * (SIGSYS).
 *
 * Calls without a look at their arguments cost nothing: the kernel has a bitmap of them (since
 * 5.11). The others (bpf, mmap, ioctl, ...) run a filter, a binary tree of some 20 steps.
 */
#ifndef BOMBUS_RUNNER_LOAD_SANDBOX_SECCOMP_H
#define BOMBUS_RUNNER_LOAD_SANDBOX_SECCOMP_H

struct err;

/* Uses, which add up. */
#define SECCOMP_READS 0x01    /* reads maps and buffers, writes to open files; threads; files */
#define SECCOMP_TALKS 0x02    /* sockets of IPv4 and IPv6 */
#define SECCOMP_TERMINAL 0x04 /* a live table: the terminal's modes, stopping itself */
#define SECCOMP_STORES 0x08   /* makes, names and removes files */
#define SECCOMP_ATTACHES 0x10 /* an open event to a program that is loaded */
#define SECCOMP_OPENS 0x20    /* the helper of opener.h, and nothing else */
#define SECCOMP_FORKS 0x40    /* copies of itself */
/* All calls but sockets that reach a network: libraries load programs. Not with others. */
#define SECCOMP_LOADS 0x80

/* For this process and all of its threads, for good; no_new_privs comes with it. -ENOENT: there is
 * no libseccomp. */
int seccomp_enter(unsigned uses, struct err *err);

/* Sanitizers attach to their own process, and use more calls. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZER 1
#endif

#endif
