/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroups that a program's filter in the kernel lets through: those of the containers, pods and
 * folders that the user names, with the groups below them. The map of the program follows as groups
 * come and go.
 */
#ifndef BOMBUS_RUNNER_JOB_AIM_H
#define BOMBUS_RUNNER_JOB_AIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aim;
struct object;
struct who;

/* Several add up. */
struct aim_opts {
	const char *const *containers; /* a name, or the beginning of an id (4 digits or more) */
	size_t ncontainers;
	const char *const *pods; /* NAME or NAMESPACE/NAME */
	size_t npods;
	const char *const *cgroups; /* paths, from the root of version 2: "/a/b" */
	size_t ncgroups;
};

static inline bool aim_is_wanted(const struct aim_opts *opts)
{
	return opts->ncontainers || opts->npods || opts->ncgroups;
}

/* Both are borrowed. The aim begins with the groups that exist. */
struct aim *aim_new(struct who *who, const struct aim_opts *opts);
void aim_free(struct aim *aim); /* NULL is fine; before the object is freed */

/* A copy of the ids; malloc'ed. */
uint64_t *aim_cgroups(struct aim *aim, size_t *ret_count);
/* A process of each of these that has one, at most OBJECT_PROCESSES_MAX; borrowed. */
const uint64_t *aim_processes(const struct aim *aim, size_t *ret_count);
/* The object has started with the ids of aim_cgroups(): its map follows from now on. */
void aim_follow(struct aim *aim, const struct object *object);

#endif
