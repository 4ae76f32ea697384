// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/otlp/otlp_groups.h"

#include "base/util.h"

#define GROUPS_MAX 64
#define HELD_ITEMS 512 /* of all groups together */
#define HELD_BYTES (256u << 10)
#define KEPT_BYTES (16u << 10) /* of room, in an empty group */

struct group {
	struct otlp_origin origin; /* its resource is a copy */
	struct strbuf items;	   /* each behind its length */
};

struct otlp_groups {
	struct otlp_queue *queue;
	struct group all[GROUPS_MAX];
	uint32_t count, last;
	uint32_t held_items;
	size_t held_bytes;
};

struct otlp_groups *otlp_groups_new(struct otlp_queue *queue)
{
	struct otlp_groups *groups = xcalloc(1, sizeof(*groups));

	groups->queue = queue;
	return groups;
}

static void forget(struct otlp_groups *groups)
{
	for (uint32_t i = 0; i < groups->count; i++) {
		free((void *)groups->all[i].origin.resource);
		strbuf_release(&groups->all[i].items);
	}
	groups->count = groups->last = 0;
}

void otlp_groups_free(struct otlp_groups *groups)
{
	if (!groups)
		return;
	forget(groups);
	free(groups);
}

static struct group *group_of(struct otlp_groups *groups, const struct otlp_origin *origin)
{
	struct group *group;
	void *resource;

	for (uint32_t n = 0; n < groups->count; n++) {
		uint32_t i = (groups->last + n) % groups->count; /* most often the last one again */

		if (groups->all[i].origin.id == origin->id) {
			groups->last = i;
			return &groups->all[i];
		}
	}
	if (groups->count == GROUPS_MAX) {
		otlp_groups_flush(groups);
		forget(groups);
	}
	resource = xmalloc(origin->resource_bytes);
	memcpy(resource, origin->resource, origin->resource_bytes);
	groups->last = groups->count++;
	group = &groups->all[groups->last];
	group->origin = *origin;
	group->origin.resource = resource;
	strbuf_init(&group->items, 2 * HELD_BYTES);
	return group;
}

static void put(struct otlp_groups *groups, const struct otlp_origin *origin, const void *fields,
		size_t len)
{
	struct otlp_writer *w = otlp_queue_item(groups->queue, origin);

	if (!w)
		return;
	otlp_raw(w, fields, len);
	otlp_queue_item_end(groups->queue);
}

void otlp_groups_add(struct otlp_groups *groups, const struct otlp_origin *origin,
		     const void *fields, size_t len)
{
	struct group *group;

	if (len > HELD_BYTES / 2) { /* large enough for a request of its own */
		put(groups, origin, fields, len);
		return;
	}
	group = group_of(groups, origin);
	strbuf_add(&group->items, &len, sizeof(len));
	strbuf_add(&group->items, fields, len);
	groups->held_bytes += len + sizeof(len);
	if (++groups->held_items >= HELD_ITEMS || groups->held_bytes >= HELD_BYTES)
		otlp_groups_flush(groups);
}

static void flush_group(struct otlp_groups *groups, struct group *group)
{
	const char *at = group->items.buf, *end = at + group->items.len;
	size_t len;

	while (at < end) {
		memcpy(&len, at, sizeof(len));
		at += sizeof(len);
		put(groups, &group->origin, at, len);
		at += len;
	}
	strbuf_reset(&group->items);
	if (group->items.cap > KEPT_BYTES) {
		strbuf_release(&group->items);
		strbuf_init(&group->items, 2 * HELD_BYTES);
	}
}

void otlp_groups_flush(struct otlp_groups *groups)
{
	for (uint32_t i = 0; i < groups->count && groups->held_items; i++)
		if (groups->all[i].items.len)
			flush_group(groups, &groups->all[i]);
	groups->held_items = 0;
	groups->held_bytes = 0;
}
