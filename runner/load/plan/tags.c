// SPDX-License-Identifier: Apache-2.0
#include "runner/load/plan/tags.h"

#include <bpf/btf.h>
#include "base/arena.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/load/elf/record_types.h"

#define TAG_PREFIX "bombus:"
#define MAX_TEXT 512
/* Bounds for what only an attacker writes. */
#define MAX_TAGS_EACH 64
#define MAX_NAME 1024

struct tag {
	uint32_t type_id;
	int component;
	const char *text; /* behind the prefix, in the BTF */
};

struct var {
	const char *name; /* in the BTF */
	uint32_t id;
};

struct tags {
	struct tag *tags; /* sorted by type, then component */
	size_t ntags;
	struct var *vars; /* sorted by name */
	size_t nvars;
};

static int compare_tags(const void *a, const void *b)
{
	const struct tag *x = a, *y = b;

	if (x->type_id != y->type_id)
		return x->type_id < y->type_id ? -1 : 1;
	return x->component < y->component ? -1 : x->component > y->component;
}

static int compare_vars(const void *a, const void *b)
{
	const struct var *x = a, *y = b;
	int by_name = strncmp(x->name, y->name, MAX_NAME);

	return by_name ? by_name : (x->id < y->id ? -1 : x->id > y->id);
}

struct tags *tags_new(const struct btf *btf)
{
	struct tags *tags = xcalloc(1, sizeof(*tags));
	uint32_t count = btf__type_cnt(btf);

	for (int fill = 0; fill < 2; fill++) {
		size_t ntags = 0, nvars = 0;

		for (uint32_t id = 1; id < count; id++) {
			const struct btf_type *t = btf__type_by_id(btf, id);
			const char *name = t ? btf__name_by_offset(btf, t->name_off) : NULL;

			if (!name)
				continue;
			if (btf_is_decl_tag(t) && has_prefix(name, TAG_PREFIX) &&
			    !has_prefix(name, RECORD_OF_PREFIX)) {
				if (fill)
					tags->tags[ntags] =
						(struct tag){ t->type,
							      btf_decl_tag(t)->component_idx,
							      name + strlen(TAG_PREFIX) };
				ntags++;
			} else if (btf_is_var(t)) {
				if (fill)
					tags->vars[nvars] = (struct var){ name, id };
				nvars++;
			}
		}
		tags->ntags = ntags;
		tags->nvars = nvars;
		if (!fill) {
			tags->tags = xcalloc(ntags + 1, sizeof(*tags->tags));
			tags->vars = xcalloc(nvars + 1, sizeof(*tags->vars));
		}
	}
	qsort(tags->tags, tags->ntags, sizeof(*tags->tags), compare_tags);
	qsort(tags->vars, tags->nvars, sizeof(*tags->vars), compare_vars);
	return tags;
}

void tags_free(struct tags *tags)
{
	if (!tags)
		return;
	free(tags->tags);
	free(tags->vars);
	free(tags);
}

/* The first tag of the component, *ret_end behind its last. */
static const struct tag *find(const struct tags *tags, uint32_t type_id, int component,
			      const struct tag **ret_end)
{
	struct tag wanted = { type_id, component, NULL };
	size_t low = 0, high = tags->ntags, end;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_tags(&tags->tags[mid], &wanted) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (end = low; end < tags->ntags && end - low < MAX_TAGS_EACH; end++)
		if (compare_tags(&tags->tags[end], &wanted))
			break;
	*ret_end = tags->tags + end;
	return tags->tags + low;
}

/* The text behind the word: "" or ":text"; NULL: another word. */
static const char *after_word(const char *text, const char *word)
{
	if (!has_prefix(text, word))
		return NULL;
	text += strlen(word);
	return *text == '\0' || *text == ':' ? text : NULL;
}

static const char *find_word(const struct tags *tags, uint32_t type_id, int component,
			     const char *word)
{
	const struct tag *end, *tag = find(tags, type_id, component, &end);

	for (; tag < end; tag++) {
		const char *rest = after_word(tag->text, word);

		if (rest)
			return rest;
	}
	return NULL;
}

bool tags_any(const struct tags *tags, uint32_t type_id)
{
	size_t low = 0, high = tags->ntags;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (tags->tags[mid].type_id < type_id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < tags->ntags && tags->tags[low].type_id == type_id;
}

bool tag_has(const struct tags *tags, uint32_t type_id, int component, const char *word)
{
	return find_word(tags, type_id, component, word) != NULL;
}

const char *tag_text(const struct tags *tags, uint32_t type_id, int component, const char *word,
		     struct arena *arena)
{
	const char *text = find_word(tags, type_id, component, word);
	size_t len;
	char *copy;

	if (!text || text[0] != ':' || !text[1])
		return NULL;
	text++;
	len = strnlen(text, MAX_TEXT);
	copy = arena_alloc(arena, len + 1, 1);
	/* Outputs show it in one line of UTF-8: controls become blanks, other bytes '?'. */
	for (size_t i = 0, n; i < len; i += MAX(n, 1)) {
		uint32_t c;

		n = utf8_decode(text + i, len - i, &c);
		if (n)
			memcpy(copy + i, text + i, n);
		if (!n || c < ' ' || c == 0x7f)
			copy[i] = n ? ' ' : '?';
	}
	return copy;
}

uint8_t tag_flags(const struct tags *tags, uint32_t type_id, int component)
{
	static const struct {
		const char *word;
		uint8_t flag;
	} words[] = {
		{ "label", TAG_LABEL }, { "value", TAG_VALUE }, { "counter", TAG_COUNTER },
		{ "gauge", TAG_GAUGE }, { "hide", TAG_HIDE },	{ "observe", TAG_OBSERVE },
	};
	const struct tag *end, *tag = find(tags, type_id, component, &end);
	uint8_t flags = 0;

	for (; tag < end; tag++)
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			if (after_word(tag->text, words[i].word))
				flags |= words[i].flag;
	return flags;
}

uint32_t tags_var(const struct tags *tags, const char *name)
{
	size_t low = 0, high = tags->nvars;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strncmp(tags->vars[mid].name, name, MAX_NAME) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < tags->nvars && streq(tags->vars[low].name, name) ? tags->vars[low].id : 0;
}
