/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers and pods of this machine's cgroups, processes and namespaces.
 *
 *	who_start()	starts the keeper (keeper.h)
 *	who_begin()	reads the groups that exist
 *	who_run()	starts the thread that follows changes
 *	who_await()	waits until all groups that exist are known
 *	who_part()	answers, in any thread
 *	who_free()
 *
 * The table has room for 8,192 groups and keeps ended ones, so that a record of a short container
 * is named even when it is shown later.
 *
 * who_part() asks the keeper for an id that is not in the table, and waits for the answer once and
 * for a moment only.
 */
#ifndef BOMBUS_RUNNER_READ_WHO_WHO_H
#define BOMBUS_RUNNER_READ_WHO_WHO_H

#include <stddef.h>
#include <stdint.h>
#include "runner/read/who/container.h"
#include "runner/read/who/look.h"
#include "runner/read/who/process.h"

struct err;
struct who;

/* Starts the keeper, which waits for who_begin(). The process has no threads and all its
 * privileges. */
int who_start(struct who **ret, struct err *err);
/* Reads the groups that exist, for at most 5 s; called once. `dirs`: see state.h. */
int who_begin(struct who *who, const char *const *dirs, size_t ndirs, struct err *err);
/* The thread. */
int who_run(struct who *who, struct err *err);
/* Waits until all groups that existed at who_begin() are in the table, at most 30 s: who_begin()
 * goes on without them after 5 s, which does for names. For filters, before or after who_run(). */
int who_await(struct who *who, struct err *err);
void who_free(struct who *who); /* NULL is fine */

/* The kind of an id. resolve.h keeps it in the upper bits of the id. */
enum who_id {
	WHO_CGROUP, /* bpf_get_current_cgroup_id() */
	WHO_PID,    /* while the process lives */
	WHO_MNTNS,
	WHO_NETNS, /* containers of a pod share it: the pod is known, and no container */
};

/* Passed as a part: the node's name; empty for ids outside containers. */
#define WHO_NODE CONTAINER_PARTS

/* Parts of a process, by WHO_PID; only the unit is known of a group too. */
#define WHO_PROCESS(part) (WHO_NODE + 1 + (part))

/* The longest wait for a name, once for each id. The short one is for code that runs for each
 * record. */
#define WHO_WAIT_MS 250
#define WHO_WAIT_SHORT_MS 20

/* False: the id is unknown, and shown as "?". An empty text: the id is in no container, or this
 * part of it is unknown. */
bool who_part(struct who *who, enum who_id kind, uint64_t id, unsigned part, unsigned wait_ms,
	      char text[CONTAINER_TEXT]);

/* Asks for a process that is not in the table, so that it is known later; waits for nothing. */
void who_want(struct who *who, uint64_t pid);

/*
 * Looks at sockets, interfaces and open files as they are now (look.h). who_look() asks, and
 * waits for nothing; with the same `when` as the last time it does not ask again. who_looked()
 * gives the last answer to this question: pairs of a name and a text, each with its NUL; 0: none is
 * known yet. The last 256 answers are kept.
 */
void who_look(struct who *who, const struct question *what, uint64_t when);
size_t who_looked(struct who *who, const struct question *what, char dst[LOOK_BYTES]);

/* Rises when answers of who_part() may have changed. Any thread. */
uint64_t who_changes(const struct who *who);

/*
 * Watches all groups. who_watch() calls `fn` for each group that exists, and the thread of
 * who_run() for each group that comes, changes or ends. `fn` must not call functions of `who`.
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
/* Borrowed until who_unwatch(); no call follows it. */
void who_watch(struct who *who, struct who_watch *watch);
void who_unwatch(struct who *who, struct who_watch *watch);

#endif
