// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/select_words.h"

#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"

/* Cuts "MAP<sep>REST" in two; *rest points into text. */
static int cut(char *text, char sep, char **rest, const char *form, const char *word,
	       struct err *err)
{
	char *at = strchr(text, sep);

	if (!at || at == text || !at[1])
		return err_usage(err, "%s, not '%s'", form, word);
	*at = '\0';
	*rest = at + 1;
	return 0;
}

static int parse_regexes(const struct words *words, struct arena *arena, struct select_filter *ret,
			 struct err *err)
{
	const char *form = "-f wants MAP,FIELD,REGEX";

	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->words[i];
		char *map = arena_strdup(arena, word), *field, *regex;

		if (cut(map, ',', &field, form, word, err) < 0 ||
		    cut(field, ',', &regex, form, word, err) < 0)
			return -EINVAL;
		ret[i] = (struct select_filter){ map, field, regex };
	}
	return 0;
}

/* "map:expr" is for one map. */
static void parse_wheres(const struct words *words, struct arena *arena, struct select_filter *ret)
{
	for (size_t i = 0; i < words->count; i++) {
		char *text = arena_strdup(arena, words->words[i]);
		size_t len = strcspn(text, WHERE_NAME_ENDS);
		bool has_map = text[len] == ':';

		if (has_map)
			text[len] = '\0';
		ret[i] = (struct select_filter){ .map = has_map ? text : NULL,
						 .text = has_map ? text + len + 1 : text };
	}
}

static const char *const *split(char *list, struct arena *arena, size_t *ret_count)
{
	const char **fields = arena_array(arena, const char *, strlen(list) + 1);
	char *save = NULL;
	size_t count = 0;

	for (char *w = strtok_r(list, ",", &save); w; w = strtok_r(NULL, ",", &save))
		fields[count++] = w;
	*ret_count = count;
	return fields;
}

static int parse_fields(const struct words *words, const char *option, struct arena *arena,
			const struct select_fields **ret, size_t *ret_count, struct err *err)
{
	struct select_fields *list = arena_array(arena, struct select_fields, words->count + 1);
	_cleanup_free_ char *form = xasprintf("%s wants MAP=FIELD,FIELD", option);

	for (size_t i = 0; i < words->count; i++) {
		char *map = arena_strdup(arena, words->words[i]), *fields;

		if (cut(map, '=', &fields, form, words->words[i], err) < 0)
			return -EINVAL;
		list[i].map = map;
		list[i].fields = split(fields, arena, &list[i].nfields);
	}
	*ret = list;
	*ret_count = words->count;
	return 0;
}

/* "MAP,FIELD,/REGEX/TEXT/"; what stands for the slash is the first character. */
static int parse_relabels(const struct words *words, struct arena *arena, struct select_opts *ret,
			  struct err *err)
{
	struct select_relabel *list = arena_array(arena, struct select_relabel, words->count + 1);
	const char *form = "--relabel wants MAP,FIELD,/REGEX/TEXT/";

	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->words[i];
		char *map = arena_strdup(arena, word), *field, *regex, *with, *end;

		if (cut(map, ',', &field, form, word, err) < 0 ||
		    cut(field, ',', &regex, form, word, err) < 0)
			return -EINVAL;
		with = strchr(regex + 1, *regex);
		end = with ? strchr(with + 1, *regex) : NULL;
		if (!end || end[1])
			return err_usage(err, "%s, not '%s'", form, word);
		*with++ = *end = '\0';
		list[i] = (struct select_relabel){ map, { field, regex + 1, with } };
	}
	ret->relabels = list;
	ret->nrelabels = words->count;
	return 0;
}

static int parse_observed(const struct words *words, struct arena *arena, struct select_opts *ret,
			  struct err *err)
{
	struct select_observed *list = arena_array(arena, struct select_observed, words->count + 1);
	const char *form = "--hist-value-key wants MAP,FIELD";

	for (size_t i = 0; i < words->count; i++) {
		char *map = arena_strdup(arena, words->words[i]), *field;

		if (cut(map, ',', &field, form, words->words[i], err) < 0)
			return -EINVAL;
		list[i] = (struct select_observed){ map, field };
	}
	ret->observed = list;
	ret->nobserved = words->count;
	return 0;
}

static int check_bounds(const char *text, struct err *err)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL;
	uint64_t bound, before = 0;
	bool first = true;

	for (char *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
		if (parse_u64(w, &bound) < 0)
			return err_usage(err, "--hist-buckets: '%s' is not a whole number", w);
		if (!first && bound <= before)
			return err_usage(err, "--hist-buckets: bounds must rise, and %s does not",
					 w);
		before = bound;
		first = false;
	}
	return first ? err_usage(err, "--hist-buckets: there are no bounds between '[' and ']'")
		     : 0;
}

/*
 * "[1,2,3]" as BumbleBee takes it (the brackets may be left out), or the words of BOMBUS_BUCKETS;
 * a word behind them is the unit: "exp2 0 27 us".
 */
static int parse_bucket_words(char *text, struct select_buckets *ret, struct err *err)
{
	size_t len = strlen(text);
	char *unit = strrchr(text, ' ');

	if (unit && unit > text && isalpha((unsigned char)unit[1])) {
		*unit = '\0';
		ret->unit = unit + 1;
		len = (size_t)(unit - text);
	}
	if (text[0] == '[' && !strchr(text, ']'))
		return err_usage(err, "--hist-buckets: ']' is missing behind '%s'", text);
	if (text[0] == '[' && text[len - 1] == ']') {
		text[len - 1] = '\0';
		text++;
	}
	ret->buckets = text;
	return isalpha((unsigned char)text[0]) ? 0 : check_bounds(text, err);
}

static int parse_buckets(const struct words *words, struct arena *arena, struct select_opts *ret,
			 struct err *err)
{
	struct select_buckets *list = arena_array(arena, struct select_buckets, words->count + 1);
	const char *form = "--hist-buckets wants MAP,[1,2,3] or MAP,exp2 0 27";

	for (size_t i = 0; i < words->count; i++) {
		char *map = arena_strdup(arena, words->words[i]), *buckets;

		if (*map == '[')
			return err_usage(err, "%s: '%s' names no map", form, words->words[i]);
		if (cut(map, ',', &buckets, form, words->words[i], err) < 0)
			return -EINVAL;
		list[i].map = map;
		if (parse_bucket_words(buckets, &list[i], err) < 0)
			return -EINVAL;
	}
	ret->buckets = list;
	ret->nbuckets = words->count;
	return 0;
}

int select_words_parse(const struct select_words *words, struct arena *arena,
		       struct select_opts *ret, struct err *err)
{
	size_t count = words->filter.count + words->where.count;
	struct select_filter *filters = arena_array(arena, struct select_filter, count + 1);
	int code = parse_regexes(&words->filter, arena, filters, err);

	*ret = (struct select_opts){ .filters = filters,
				     .nfilters = count,
				     .per_cpu = words->per_cpu,
				     .every_label = words->every_label };
	parse_wheres(&words->where, arena, filters + words->filter.count);
	if (code >= 0)
		code = parse_fields(&words->labels, "--labels", arena, &ret->labels, &ret->nlabels,
				    err);
	if (code >= 0)
		code = parse_fields(&words->drop_labels, "--drop-label", arena, &ret->drop_labels,
				    &ret->ndrop_labels, err);
	if (code >= 0)
		code = parse_relabels(&words->relabels, arena, ret, err);
	if (code >= 0)
		code = parse_observed(&words->hist_keys, arena, ret, err);
	return code < 0 ? code : parse_buckets(&words->hist_buckets, arena, ret, err);
}
