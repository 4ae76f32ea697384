/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --enrich: the container and pod of a record, by the id of a cgroup, process or namespace in it;
 * and its process.
 *
 * Each property is a field of its own on the bytes of the id. Its text is looked up when it is
 * shown, as the name of a user is. So outputs, labels, filters and recordings treat it as any other
 * field.
 */
#ifndef BOMBUS_RUNNER_LOAD_DECODE_ENRICH_H
#define BOMBUS_RUNNER_LOAD_DECODE_ENRICH_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/load/plan/layout.h"

struct arena;

enum enrich {
	ENRICH_CONTAINER = 1 << 0, /* container.id, container.name, container.image */
	ENRICH_POD = 1 << 1,	   /* pod, namespace, node */
	ENRICH_PROCESS = 1 << 2,   /* exe, cmdline, user, unit */
};

/* Adds the fields of a set of enum enrich to a layout that has an id; false: it has none. The
 * layout gets a larger array of fields. */
bool enrich_layout(struct arena *arena, struct layout *layout, uint32_t enrich);

#endif
