// SPDX-License-Identifier: Apache-2.0
#include "runner/load/attach/handed.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/attach/object_internal.h"

struct list {
	struct handed *items;
	size_t count;
};

static void give(struct list *list, struct handed one)
{
	if (one.fd < 0)
		return;
	list->items = xreallocarray(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = one;
}

static void give_attachment(void *ctx, const struct handed *one)
{
	give(ctx, *one);
}

bool object_hand_over(const struct object *object, struct handed **ret, size_t *ret_count)
{
	struct list list = { 0 };
	struct bpf_map *map;
	uint32_t index = 0;
	bool keeps;

	bpf_object__for_each_map(map, object->bpf)
		give(&list, (struct handed){ HANDED_MAP, index++, .fd = bpf_map__fd(map) });
	for (uint32_t i = 0; i < object->plan.nprogs; i++)
		if (object_state(object, i) >= PROG_LOADED)
			give(&list, (struct handed){ HANDED_PROG, i, .fd = object->prog_fds[i] });
	give(&list, (struct handed){ HANDED_STATS, .fd = object->stats_fd });
	keeps = attachments_hand_over(object->attachments, give_attachment, &list);
	*ret = list.items;
	*ret_count = list.count;
	return keeps;
}

void object_hand_status(const struct object *object, struct handed_prog *ret)
{
	for (uint32_t i = 0; i < object->plan.nprogs; i++) {
		struct prog_status status = object_prog_status(object, &object->plan.progs[i]);

		ret[i] = (struct handed_prog){ status.state, status.reason_code, status.attach };
		snprintf(ret[i].reason, sizeof(ret[i].reason), "%s",
			 status.reason ? status.reason : "");
	}
}

/* The maps' descriptors by the names in the file; libbpf's object is not needed any more. */
static void take_maps(struct object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf) {
		object->maps =
			xreallocarray(object->maps, object->nmaps + 1, sizeof(*object->maps));
		object->maps[object->nmaps++] =
			(struct taken_map){ arena_strdup(&object->reasons, bpf_map__name(map)),
					    -1 };
	}
	bpf_object__close(steal_ptr(&object->bpf));
	memset(object->progs, 0, object->plan.nprogs * sizeof(struct bpf_program *));
}

static bool take_one(struct object *object, const struct handed *one)
{
	int *place = NULL;

	if (one->kind == HANDED_MAP && one->index < object->nmaps)
		place = &object->maps[one->index].fd;
	else if (one->kind == HANDED_PROG && one->index < object->plan.nprogs)
		place = &object->prog_fds[one->index];
	else if (one->kind == HANDED_STATS)
		place = &object->stats_fd;
	if (place && *place < 0) {
		*place = one->fd;
		return true;
	}
	return !place && one->kind > HANDED_PROG && one->kind < HANDED_KINDS &&
	       one->index <= object->plan.nprogs && attachments_adopt(object->attachments, one);
}

static bool take_status(struct object *object, const struct handed_prog *progs, size_t nprogs)
{
	if (nprogs != object->plan.nprogs)
		return false;
	for (uint32_t i = 0; i < nprogs; i++) {
		const struct handed_prog *prog = &progs[i];
		const char *reason = NULL;

		if (prog->state < 0 || prog->state > PROG_DETACHED ||
		    !memchr(prog->reason, 0, sizeof(prog->reason)))
			return false;
		if (prog->reason[0])
			reason = arena_strdup(&object->reasons, prog->reason);
		object->status[i].attach = prog->attach;
		object_set_status(object, i, (enum prog_state)prog->state, reason, prog->code);
	}
	return true;
}

int object_adopt(struct object *object, const struct object_times *times,
		 const struct handed_prog *progs, size_t nprogs, const struct handed *handed,
		 size_t count, struct err *err)
{
	struct object_times mine = object->times;
	bool fits = !object->attachments && object->bpf;

	if (fits) {
		object->attachments = attachments_new();
		object->adopted = true;
		take_maps(object);
		fits = take_status(object, progs, nprogs);
	}
	for (size_t i = 0; i < count; i++) {
		if (fits && take_one(object, &handed[i]))
			continue;
		fits = false;
		close(handed[i].fd);
	}
	if (!fits) {
		attachments_free(steal_ptr(&object->attachments));
		return err_set(err, EPROTO, "%s: the loader's answer does not fit the object",
			       object->name);
	}
	object->times = *times;
	object->times.open = mine.open;
	elf_image_release(&object->image);
	malloc_trim(0);
	return 0;
}

int object_keep(struct object *object, const struct handed *keeper)
{
	return attachments_adopt(object->attachments, keeper) ? 0 : -EPROTO;
}

const void *object_bytes(const struct object *object, size_t *ret_len)
{
	*ret_len = object->image.len;
	return object->image.bytes;
}

const struct object_opts *object_options(const struct object *object)
{
	return &object->opts;
}

const char *object_name(const struct object *object)
{
	return object->name;
}
