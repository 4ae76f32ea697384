/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process keeps once everything is attached: another user, no capability, the system calls
 * that it needs (seccomp.h), the files that it reads (landlock.h). For good, and for all threads
 * that it starts from here on.
 */
#ifndef BOMBUS_RUNNER_LOAD_SANDBOX_SANDBOX_H
#define BOMBUS_RUNNER_LOAD_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include "runner/load/sandbox/landlock.h"
#include "runner/load/sandbox/privileges.h"

struct err;

struct sandbox {
	struct sandbox_user user;
	bool changes_user; /* else it stays, and `user` is not used */
	bool may_stay; /* where `user` may not open one of them, the user stays, with a warning */
	unsigned uses; /* SECCOMP_READS and others */
	const struct landlock_path *paths; /* beside those of the system: names, certificates */
	size_t npaths;
	/* Files and sockets that it opens again; their folders are among what it may read. */
	const char *const *reads;
	size_t nreads;
};

/* -EACCES: the user may not open one of the files. -ENOENT: there is no libseccomp. */
int sandbox_enter(const struct sandbox *sandbox, struct err *err);

/* What a run here keeps by default, in one line each. */
#define SANDBOX_TEXT_MAX 128
struct sandbox_text {
	char capabilities[SANDBOX_TEXT_MAX], user[SANDBOX_TEXT_MAX];
	char calls[SANDBOX_TEXT_MAX], files[SANDBOX_TEXT_MAX];
	bool has_filter, has_landlock;
};
void sandbox_describe(struct sandbox_text *ret);

#endif
