// SPDX-License-Identifier: Apache-2.0
#include "runner/load/decode/enrich.h"

#include "base/arena.h"
#include "base/util.h"
#include "runner/load/plan/meanings.h"

#define ADDED_MAX 12

static const struct {
	uint32_t enrich;
	enum meaning meaning;
	const char *path, *label, *help;
} added[] = {
	{ ENRICH_POD, MEAN_POD_NAMESPACE, "namespace", "namespace", "namespace of its pod" },
	{ ENRICH_POD, MEAN_POD, "pod", "pod", "its pod" },
	{ ENRICH_CONTAINER, MEAN_CONTAINER_NAME, "container.name", "container", "its container" },
	{ ENRICH_CONTAINER, MEAN_CONTAINER_ID, "container.id", "container_id",
	  "id of its container" },
	{ ENRICH_CONTAINER, MEAN_CONTAINER_IMAGE, "container.image", "image",
	  "image of its container" },
	{ ENRICH_POD, MEAN_NODE, "node", "node", "the machine, where it is in a container" },
	{ ENRICH_PROCESS, MEAN_EXE, "exe", "exe", "the program of its process" },
	{ ENRICH_PROCESS, MEAN_CMDLINE, "cmdline", "cmdline", "the command line of its process" },
	{ ENRICH_PROCESS, MEAN_PROCESS_USER, "user", "user", "the user of its process" },
	{ ENRICH_PROCESS, MEAN_UNIT, "unit", "unit", "its unit of systemd" },
};
_Static_assert(ARRAY_LEN(added) <= ADDED_MAX, "there is room for all");

/* Another process than the one that the record is about. */
static bool is_other(const struct field *f)
{
	return has_prefix(f->name, "ppid") || has_prefix(f->name, "parent");
}

/* The label of a configuration for ebpf_exporter has its decoders instead of a meaning. */
static bool is_id(const struct field *f, enum meaning meaning)
{
	if (f->meaning == meaning)
		return true;
	return meaning == MEAN_CGROUP && f->kind == KIND_UINT && f->decode &&
	       has_prefix(f->decode, "uint | cgroup");
}

/* An id, and what it is of. */
struct id {
	const struct field *field; /* NULL: there is none */
	enum meaning meaning;
};

static struct id find_id(const struct layout *layout, const enum meaning *ids, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		for (uint32_t i = 0; i < layout->nfields; i++) {
			const struct field *f = &layout->fields[i];

			if (is_id(f, ids[k]) && f->count == 1 && !f->is_bits && !is_other(f))
				return (struct id){ f, ids[k] };
		}
	}
	return (struct id){ NULL, MEAN_NONE };
}

/* The best id: a cgroup's is exact, a process may be gone, a whole pod shares its network. */
static struct id find_group(const struct layout *layout)
{
	static const enum meaning ids[] = { MEAN_CGROUP, MEAN_MNTNS, MEAN_PID, MEAN_NETNS };

	return find_id(layout, ids, ARRAY_LEN(ids));
}

static struct id find_process(const struct layout *layout)
{
	static const enum meaning ids[] = { MEAN_PID };

	return find_id(layout, ids, ARRAY_LEN(ids));
}

static bool has_path(const struct layout *layout, const char *path)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (streq(layout->fields[i].path, path))
			return true;
	return false;
}

/* Once members are tagged, only tagged ones are labels. */
static uint8_t label_tag(const struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (layout->fields[i].tags & TAG_LABEL)
			return TAG_LABEL;
	return 0;
}

static const char *last_part(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

bool enrich_layout(struct arena *arena, struct layout *layout, uint32_t enrich)
{
	struct id group = find_group(layout), process = find_process(layout);
	uint8_t tags = label_tag(layout);
	struct field *fields;
	uint32_t n = layout->nfields;

	if (!(enrich & ENRICH_PROCESS && process.field) &&
	    !(enrich & ~ENRICH_PROCESS && group.field))
		return false;
	fields = arena_array(arena, struct field, n + ADDED_MAX);
	memcpy(fields, layout->fields, n * sizeof(*fields));
	for (size_t i = 0; i < ARRAY_LEN(added); i++) {
		struct id by = added[i].enrich == ENRICH_PROCESS ? process : group;
		const struct field *id = by.field;

		if (!id || !(enrich & added[i].enrich) || has_path(layout, added[i].path))
			continue;
		fields[n++] = (struct field){
			.name = last_part(added[i].path),
			.path = added[i].path,
			.label = added[i].label,
			.help = added[i].help,
			.off_bits = id->off_bits,
			.size_bits = id->size_bits,
			.count = 1,
			.kind = id->kind,
			.is_signed = id->is_signed,
			.meaning = (uint8_t)added[i].meaning,
			.id_of = (uint8_t)by.meaning,
			.tags = tags,
		};
	}
	layout->fields = fields;
	layout->nfields = n;
	layout->is_scalar = false;
	return true;
}
