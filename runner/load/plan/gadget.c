// SPDX-License-Identifier: Apache-2.0
#include "runner/load/plan/gadget.h"

#include <bpf/btf.h>

#include "base/util.h"
#include "runner/load/plan/layout.h"

#define TRACER "tracer"
#define MAPITER "mapiter"
#define PARAM "param"
#define ITER "iter"
#define SNAPSHOTTER "snapshotter"
#define SEPARATOR "___"

/* The text behind gadget_WORD_ of a variable or ig:WORD: of a tag; NULL: type `id` is neither. */
static const char *said(const struct btf *btf, uint32_t id, const char *word)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = t ? btf__name_by_offset(btf, t->name_off) : NULL, *prefix = NULL;
	char end = '_';

	if (name && btf_is_var(t)) {
		prefix = "gadget_";
	} else if (name && btf_is_decl_tag(t)) {
		prefix = "ig:";
		end = ':';
	}
	if (!prefix || !has_prefix(name, prefix) || !has_prefix(name + strlen(prefix), word))
		return NULL;
	name += strlen(prefix) + strlen(word);
	return *name == end ? name + 1 : NULL;
}

/* Behind "NAME___MAP" of this map; NULL: it is about another one. */
static const char *behind_map(const char *text, const char *map)
{
	size_t len = strlen(map);
	const char *at = strstr(text, SEPARATOR);

	if (!at)
		return NULL;
	at += strlen(SEPARATOR);
	return strncmp(at, map, len) == 0 ? at + len : NULL;
}

uint32_t gadget_record_type(const struct btf *btf, const char *map)
{
	uint32_t count = btf__type_cnt(btf);

	for (uint32_t id = 1; id < count; id++) {
		const char *text = said(btf, id, TRACER);
		const char *rest = text ? behind_map(text, map) : NULL;
		int type;

		if (!rest || !has_prefix(rest, SEPARATOR))
			continue;
		type = btf__find_by_name_kind(btf, rest + strlen(SEPARATOR), BTF_KIND_STRUCT);
		if (type > 0)
			return (uint32_t)type;
	}
	return 0;
}

bool gadget_is_iterated(const struct btf *btf, const char *map)
{
	uint32_t count = btf__type_cnt(btf);

	for (uint32_t id = 1; id < count; id++) {
		const char *text = said(btf, id, MAPITER);
		const char *rest = text ? behind_map(text, map) : NULL;

		if (rest && !*rest)
			return true;
	}
	return false;
}

bool gadget_is_param(const struct btf *btf, const char *variable)
{
	uint32_t count = btf__type_cnt(btf);

	for (uint32_t id = 1; id < count; id++) {
		const char *name = said(btf, id, PARAM);

		if (name && streq(name, variable))
			return true;
	}
	return false;
}

/* Whether one of the words behind "NAME___TYPE___" is this program. */
static bool names_program(const char *text, const char *prog)
{
	size_t len = strlen(prog);

	for (const char *at = strstr(text, SEPARATOR); at; at = strstr(at, SEPARATOR)) {
		at += strlen(SEPARATOR);
		if (!strncmp(at, prog, len) && (!at[len] || has_prefix(at + len, SEPARATOR)))
			return true;
	}
	return false;
}

uint32_t gadget_iter_type(const struct btf *btf, const char *prog)
{
	uint32_t count = btf__type_cnt(btf);

	for (uint32_t id = 1; id < count; id++) {
		const char *text = said(btf, id, ITER) ?: said(btf, id, SNAPSHOTTER);
		const char *type = text ? strstr(text, SEPARATOR) : NULL;
		_cleanup_free_ char *name = NULL;
		int found;

		if (!type || !names_program(type + strlen(SEPARATOR), prog))
			continue;
		type += strlen(SEPARATOR);
		name = xstrndup(type, strstr(type, SEPARATOR) - type);
		found = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
		if (found > 0)
			return (uint32_t)found;
	}
	return 0;
}

const char *gadget_iter_map(const struct btf *btf, const char *prog)
{
	uint32_t count = btf__type_cnt(btf);
	size_t len = strlen(prog);

	for (uint32_t id = 1; id < count; id++) {
		const char *text =
			said(btf, id, "mapelem_iter_target") ?: said(btf, id, "iter_target_map");

		if (text && !strncmp(text, prog, len) && has_prefix(text + len, SEPARATOR) &&
		    text[len + strlen(SEPARATOR)])
			return text + len + strlen(SEPARATOR);
	}
	return NULL;
}

uint8_t gadget_typedef_tags(const char *name)
{
	if (has_prefix(name, "gadget_counter__"))
		return TAG_COUNTER;
	if (has_prefix(name, "gadget_gauge__"))
		return TAG_GAUGE;
	return has_prefix(name, "gadget_histogram_slot__") ? TAG_SLOTS : 0;
}
