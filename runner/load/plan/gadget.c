// SPDX-License-Identifier: Apache-2.0
#include "runner/load/plan/gadget.h"

#include <bpf/btf.h>

#include "base/util.h"

#define TRACER "tracer"
#define MAPITER "mapiter"
#define PARAM "param"
#define SEPARATOR "___"

/* What a variable gadget_WORD_... says, or a tag ig:WORD:...; NULL: type `id` is something else. */
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
