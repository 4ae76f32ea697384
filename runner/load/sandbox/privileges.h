/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities and users of this process, given up for good: the permitted, effective, inheritable,
 * ambient and, with CAP_SETPCAP, the bounding set; and no program that is started can gain any
 * (no_new_privs). Threads that run already keep theirs, so this comes before the first one starts.
 */
#ifndef BOMBUS_RUNNER_LOAD_SANDBOX_PRIVILEGES_H
#define BOMBUS_RUNNER_LOAD_SANDBOX_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* Another user, of a process that root started. */
struct sandbox_user {
	uid_t uid;
	gid_t gid;
	bool has_groups; /* it keeps the groups that the system gives `name`; else it has none */
	char name[64];
};

/* "NAME", "NAME:GROUP" or numbers; NULL is nobody. */
int sandbox_user_parse(struct sandbox_user *ret, const char *text, struct err *err);
/* The user who called sudo. False: this process was not started by sudo. */
bool sandbox_user_caller(struct sandbox_user *ret);

/* The capabilities of this process that reading maps takes on this kernel: none, CAP_BPF before
 * 5.19, or CAP_SYS_ADMIN; found by trying. A set of CAP_BIT(). */
int privileges_to_read_maps(uint64_t *ret);

/* Becomes `user` (NULL: stays) with no capability but `keep`. One that the process does not have is
 * not missed. */
int privileges_drop(const struct sandbox_user *user, uint64_t keep, struct err *err);

/* The same for a helper process. Failing is no error: the helper then keeps more. */
void privileges_become(const struct sandbox_user *user, uint64_t keep);

#endif
