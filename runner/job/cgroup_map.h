/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map of a program that holds the cgroups whose paths match one of some regular expressions, as
 * ebpf_exporter's cgroup_id_map: a hash by the cgroup's id, or cgroup storage, with the value 1.
 * cgroup_map_start() fills it before anything is read. inotify, which takes no privileges, keeps it
 * current as cgroups come and go. It watches at most CGROUP_MAP_MAX cgroups, and warns of more.
 *
 * Paths begin with /sys/fs/cgroup, wherever cgroup2 is mounted.
 */
#ifndef BOMBUS_RUNNER_JOB_CGROUP_MAP_H
#define BOMBUS_RUNNER_JOB_CGROUP_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include "runner/load/recipe/recipe.h"

struct cgroup_map;
struct loop;
struct object;
struct plan;

#define CGROUP_MAP_MAX 16384

/* Of an object that is open: EXIT_USAGE where the map is not of the type that the file names. */
int cgroup_map_check(const struct recipe_cgroups *config, const struct plan *plan, struct err *err);
/* Of an object that is started: fills the map, and keeps it current in the loop. The expressions
 * are borrowed. */
int cgroup_map_start(struct cgroup_map **ret, const struct recipe_cgroups *config,
		     const struct object *object, struct loop *loop, struct err *err);
/* Before the object and the loop are freed; NULL is fine. */
void cgroup_map_free(struct cgroup_map *map);

#endif
