/* SPDX-License-Identifier: Apache-2.0 */
/* What a sink keeps of each source, by the source's number. Zeroed: empty. */
#ifndef BOMBUS_RUNNER_SINK_SLOTS_H
#define BOMBUS_RUNNER_SINK_SLOTS_H

#include "base/util.h"
#include "runner/source.h"

struct slots {
	void **all; /* NULL entries: no source has this number */
	uint32_t count;
};

/* Of a source that was added. */
static inline void *slots_get(const struct slots *slots, const struct source *source)
{
	return slots->all[source->number];
}

static inline void slots_set(struct slots *slots, const struct source *source, void *value)
{
	while (slots->count <= source->number) {
		slots->all = xreallocarray(slots->all, slots->count + 1, sizeof(void *));
		slots->all[slots->count++] = NULL;
	}
	slots->all[source->number] = value;
}

static inline void slots_release(struct slots *slots)
{
	free(slots->all);
	*slots = (struct slots){ 0 };
}

#endif
