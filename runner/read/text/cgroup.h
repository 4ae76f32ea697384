/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of cgroups by the id that bpf_get_current_cgroup_id() gives: the number of the group's
 * folder on the cgroup2 mount. A handle made of the id opens it at once, but that takes
 * CAP_DAC_READ_SEARCH; without it the whole tree is listed (16,384 groups and 4 MB at most), again
 * at most once a second when an id is new.
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_CGROUP_H
#define BOMBUS_RUNNER_READ_TEXT_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgroup_tree;
struct opener;

struct cgroup_tree *cgroup_tree_new(void);
void cgroup_tree_free(struct cgroup_tree *tree);

/* The opener opens groups; borrowed. NULL: this process does. */
void cgroup_tree_use_opener(struct cgroup_tree *tree, struct opener *opener);

/* "/" for the root, "/system.slice/ssh.service". False: gone, or there is no cgroup2 mount. */
bool cgroup_tree_path(struct cgroup_tree *tree, uint64_t id, char *text, size_t size);

/* Calls fn for every group but the root, at most 16,384. */
void cgroup_tree_each(struct cgroup_tree *tree,
		      void (*fn)(void *ctx, uint64_t id, const char *path), void *ctx);

/* One process of the group at `path`, in this process's PID namespace; 0: there is none. */
int cgroup_tree_process(const struct cgroup_tree *tree, const char *path);

#endif
