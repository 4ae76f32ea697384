/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives up all rights that a process does not need once everything is attached. It keeps another
 * user, no capability, the system calls that it needs (seccomp.h) and the files that it reads
 * (landlock.h). This is for good, and for all threads that it starts later.
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
	/* Files and sockets that it opens again; it may read their folders too. */
	const char *const *reads;
	size_t nreads;
};

/* -EACCES: the user may not open one of the files. -ENOENT: there is no libseccomp. */
int sandbox_enter(const struct sandbox *sandbox, struct err *err);

/* The rights that a run on this machine keeps by default, in one line each. */
#define SANDBOX_TEXT_MAX 128
struct sandbox_text {
	char capabilities[SANDBOX_TEXT_MAX], user[SANDBOX_TEXT_MAX];
	char calls[SANDBOX_TEXT_MAX], files[SANDBOX_TEXT_MAX];
	bool has_filter, has_landlock;
};
void sandbox_describe(struct sandbox_text *ret);

#endif
