/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers and pods of this machine's cgroups, processes and namespaces.
 *
 *	who_start()	starts the keeper (keeper.h)
 *	who_begin()	takes in what there is
 *	who_run()	goes on with what comes: a thread
 *	who_part()	of any thread
 *	who_free()
 *
 * What is known stays for as long as there is room (8,192 groups), also of groups that ended: a
 * record of a short container is named though it is shown later.
 *
 * A name that is not known yet is asked for and waited for, once and for a moment at most.
 */
#ifndef BOMBUS_RUNNER_READ_WHO_WHO_H
#define BOMBUS_RUNNER_READ_WHO_WHO_H

#include <stddef.h>
#include <stdint.h>
#include "runner/read/who/container.h"

struct err;
struct who;

/* In the process before it has threads, and before its privileges go: makes the keeper, which does
 * nothing yet. */
int who_start(struct who **ret, struct err *err);
/* Takes in what there is. `dirs`: see state.h. Once. */
int who_begin(struct who *who, const char *const *dirs, size_t ndirs, struct err *err);
/* The thread. */
int who_run(struct who *who, struct err *err);
void who_free(struct who *who); /* NULL is fine */

/* What an id is of. They fit in the upper bits of a record's number. */
enum who_id {
	WHO_CGROUP, /* bpf_get_current_cgroup_id() */
	WHO_PID,    /* while the process lives */
	WHO_MNTNS,
	WHO_NETNS, /* containers of a pod share it: the pod is known, and no container */
};

/* In the place of a part: the node's name, for what is in a container. */
#define WHO_NODE CONTAINER_PARTS

/* How long a name is waited for, in all and once for each id. Code that runs for each record waits
 * but for a group that it has not met before. */
#define WHO_WAIT_MS 250
#define WHO_WAIT_SHORT_MS 20

/* False: not known; "?" is the word for it. A text of "": it is in no container, or the part is not
 * known of it. */
bool who_part(struct who *who, enum who_id kind, uint64_t id, unsigned part, unsigned wait_ms,
	      char text[CONTAINER_TEXT]);

/* Counts up when something changes that who_part() has answered. Any thread. */
uint64_t who_changes(const struct who *who);

/*
 * Watches all groups: `fn` is called for each that there is, from who_watch() itself, and for each
 * that comes, changes or ends, from the thread of who_run(). It calls nothing of `who`.
 */
struct who_group {
	uint64_t id;
	const char *path;		    /* of version 2, from the root: "/a/b" */
	const char *parts[CONTAINER_PARTS]; /* "" where nothing is known */
	bool gone;
};
struct who_watch {
	void (*fn)(void *ctx, const struct who_group *group);
	void *ctx;
	struct who_watch *next;
};
/* Borrowed until who_unwatch(), after which it is not called any more. */
void who_watch(struct who *who, struct who_watch *watch);
void who_unwatch(struct who *who, struct who_watch *watch);

#endif
