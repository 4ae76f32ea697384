// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/select.h"

#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"

struct map_walk {
	const struct plan *plan;
	uint32_t index;
};

static const char *next_map(void *ctx)
{
	struct map_walk *w = ctx;

	while (w->index < w->plan->nmaps) {
		const struct map_plan *m = &w->plan->maps[w->index++];

		if (m->role != ROLE_INTERNAL)
			return m->name;
	}
	return NULL;
}

/* The map that `option` names, among those that are shown. */
static int find_map(const struct plan *plan, const char *name, const char *option,
		    struct map_plan **ret, struct err *err)
{
	struct map_plan *map = plan_map(plan, name);
	const char *near;

	if (map && map->role != ROLE_INTERNAL) {
		*ret = map;
		return 0;
	}
	if (map) {
		err_hint(err, "--all-maps or --map %s=ROLE shows it", name);
		return err_usage(err, "%s: map '%s' is internal to the program", option, name);
	}
	near = suggest(name, next_map, &(struct map_walk){ .plan = plan });
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	return err_usage(err, "%s: no map '%s'", option, name);
}

/* Cuts "MAP<sep>REST" in two; *rest points into text. */
static int cut(char *text, char sep, char **rest, const char *form, struct err *err)
{
	char *at = strchr(text, sep);

	if (!at || at == text || !at[1])
		return err_usage(err, "%s, not '%s'", form, text);
	*at = '\0';
	*rest = at + 1;
	return 0;
}

static int add_regex(const struct plan *plan, const char *word, struct filter **filters,
		     struct err *err)
{
	_cleanup_free_ char *text = xstrdup(word);
	const char *form = "-f wants MAP,FIELD,REGEX";
	struct filter *f = NULL;
	struct map_plan *map;
	char *field = NULL, *regex = NULL;
	int ret = cut(text, ',', &field, form, NULL);

	if (ret >= 0)
		ret = cut(field, ',', &regex, form, NULL);
	if (ret < 0)
		return err_usage(err, "%s, not '%s'", form, word);
	if (ret >= 0)
		ret = find_map(plan, text, "-f", &map, err);
	if (ret >= 0)
		ret = filter_compile_regex(&f, map, field, regex, err);
	if (ret >= 0)
		filters[map->index] = filter_and(filters[map->index], f);
	return ret;
}

/*
 * "map:expr" is for one map. Without a map the expression is for each map that has its fields: it
 * must fit at least one, and the error of the first says why it fits none.
 */
static int add_where(const struct plan *plan, const char *word, struct filter **filters,
		     struct err *err)
{
	size_t len = strcspn(word, ": \t'\"=<>~!()&|");
	_cleanup_free_ char *name = xstrndup(word, len);
	bool fits = false;
	struct err first = { 0 };
	int ret = 0;

	if (word[len] == ':') {
		struct filter *f = NULL;
		struct map_plan *map;

		ret = find_map(plan, name, "--where", &map, err);
		if (ret >= 0)
			ret = filter_compile(&f, map, word + len + 1, err);
		if (ret >= 0)
			filters[map->index] = filter_and(filters[map->index], f);
		return ret;
	}
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		struct err this = { 0 };
		struct filter *f = NULL;

		if (plan->maps[i].role == ROLE_INTERNAL)
			continue;
		ret = filter_compile(&f, &plan->maps[i], word, &this);
		if (ret < 0 && !first.msg[0])
			first = this;
		fits = fits || ret >= 0;
		if (ret >= 0)
			filters[i] = filter_and(filters[i], f);
	}
	if (fits)
		return 0;
	if (!first.msg[0])
		return err_usage(err, "--where: no map is shown");
	*err = first;
	return -EINVAL;
}

/* What the words say about one map. */
struct metric_words {
	struct metric_opts opts;
	struct words labels, drop;
	char **texts;
	struct metric_relabel *relabels;
	size_t ntexts;
};

static void metric_words_release(struct metric_words *m)
{
	for (size_t i = 0; i < m->ntexts; i++)
		free(m->texts[i]);
	free(m->texts);
	free(m->relabels);
	words_release(&m->labels);
	words_release(&m->drop);
}

static void split_list(char *list, struct words *ret)
{
	char *save = NULL;

	for (char *w = strtok_r(list, ",", &save); w; w = strtok_r(NULL, ",", &save))
		words_add(ret, w);
}

static void keep_text(struct metric_words *m, char *text)
{
	m->texts = xreallocarray(m->texts, m->ntexts + 1, sizeof(*m->texts));
	m->texts[m->ntexts++] = text;
}

/* The last of `words` that is for this map, cut at sep: a copy that lives in m. NULL: none. */
static char *word_for(struct metric_words *m, const struct words *words, char sep,
		      const struct map_plan *map)
{
	for (size_t i = words->count; i-- > 0;) {
		char *text = xstrdup(words->words[i]), *at = strchr(text, sep);

		if (at) {
			*at = '\0';
			if (streq(text, map->name) || streq(text, map->symbol)) {
				keep_text(m, text);
				return at + 1;
			}
		}
		free(text);
	}
	return NULL;
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
	return first ? err_usage(err, "--hist-buckets wants MAP,[1,2,3] or MAP,exp2 0 27") : 0;
}

/*
 * "[1,2,3]" as BumbleBee takes it (the brackets may be left out), or the words of BOMBUS_BUCKETS;
 * a word behind them is the unit: "exp2 0 27 us".
 */
static int parse_buckets(struct metric_words *m, char *text, struct err *err)
{
	size_t len = strlen(text);
	char *unit = strrchr(text, ' ');

	if (unit && unit > text && isalpha((unsigned char)unit[1])) {
		*unit = '\0';
		m->opts.unit = unit + 1;
		len = (size_t)(unit - text);
	}
	if (text[0] == '[' && text[len - 1] == ']') {
		text[len - 1] = '\0';
		text++;
	}
	m->opts.buckets = text;
	return isalpha((unsigned char)text[0]) ? 0 : check_bounds(text, err);
}

/* "MAP,FIELD,/REGEX/TEXT/" for this map; what stands for the slash is the first character. */
static int add_relabel(struct metric_words *m, const char *word, const struct map_plan *map,
		       struct err *err)
{
	const char *form = "--relabel wants MAP,FIELD,/REGEX/TEXT/";
	char *text = xstrdup(word), *field = NULL, *regex = NULL, *with = NULL, *end;
	int ret;

	keep_text(m, text);
	ret = cut(text, ',', &field, form, err);
	if (ret < 0 || (!streq(text, map->name) && !streq(text, map->symbol)))
		return ret;
	ret = cut(field, ',', &regex, form, err);
	if (ret < 0)
		return ret;
	with = strchr(regex + 1, *regex);
	end = with ? strchr(with + 1, *regex) : NULL;
	if (!end || end[1])
		return err_usage(err, "%s, not '%s'", form, word);
	*with++ = *end = '\0';
	m->relabels[m->opts.nrelabels++] = (struct metric_relabel){ field, regex + 1, with };
	return 0;
}

static int add_relabels(struct metric_words *m, const struct words *words,
			const struct map_plan *map, struct err *err)
{
	int ret = 0;

	m->relabels = xcalloc(words->count + 1, sizeof(*m->relabels));
	m->opts.relabels = m->relabels;
	for (size_t i = 0; i < words->count && ret >= 0; i++)
		ret = add_relabel(m, words->words[i], map, err);
	return ret;
}

static void all_fields(const struct map_plan *map, struct words *ret)
{
	for (uint32_t i = 0; map->has_key && i < map->key.nfields; i++)
		words_add(ret, map->key.fields[i].path);
	/* The values of swept maps are values; a ring buffer's record has nothing but labels. */
	if (map->source == SOURCE_RING || map->source == SOURCE_PERF)
		for (uint32_t i = 0; map->has_value && i < map->value.nfields; i++)
			words_add(ret, map->value.fields[i].path);
}

static int compile_metric(const struct map_plan *map, const struct select_words *words,
			  struct metric_plan **ret, struct err *err)
{
	_cleanup_(metric_words_release) struct metric_words m = { .opts.split_cpu =
									  words->per_cpu };
	_cleanup_free_ struct metric_plan *plan = xcalloc(1, sizeof(*plan));
	char *text = word_for(&m, &words->labels, '=', map);
	int code = 0;

	if (text)
		split_list(text, &m.labels);
	else if (words->every_label)
		all_fields(map, &m.labels);
	if (m.labels.count) {
		m.opts.labels = m.labels.words;
		m.opts.nlabels = m.labels.count;
	}
	text = word_for(&m, &words->drop_labels, '=', map);
	if (text)
		split_list(text, &m.drop);
	m.opts.drop = m.drop.words;
	m.opts.ndrop = m.drop.count;
	m.opts.observe = word_for(&m, &words->hist_keys, ',', map);
	text = word_for(&m, &words->hist_buckets, ',', map);
	if (text)
		code = parse_buckets(&m, text, err);
	if (code >= 0)
		code = add_relabels(&m, &words->relabels, map, err);
	if (code >= 0)
		code = metric_compile(plan, map, &m.opts, err);
	if (code < 0) {
		metric_release(plan);
		return code;
	}
	*ret = steal_ptr(&plan);
	return 0;
}

static bool is_metric(const struct map_plan *map)
{
	return map->role == ROLE_COUNTER || map->role == ROLE_GAUGE || map->role == ROLE_HISTOGRAM;
}

static bool is_histogram(const struct map_plan *map)
{
	return map->role == ROLE_HISTOGRAM;
}

/* Each word has to name a map that it means something to, or a mistake would pass unseen. */
static int check_words(const struct plan *plan, const struct words *words, char sep,
		       const char *option, bool (*fits)(const struct map_plan *map),
		       const char *wanted, struct err *err)
{
	for (size_t i = 0; i < words->count; i++) {
		_cleanup_free_ char *text = xstrdup(words->words[i]);
		_cleanup_free_ char *form = xasprintf("%s wants MAP%c...", option, sep);
		struct map_plan *map;
		char *rest;
		int ret = cut(text, sep, &rest, form, err);

		if (ret >= 0)
			ret = find_map(plan, text, option, &map, err);
		if (ret < 0)
			return ret;
		if (!fits(map)) {
			err_hint(err, "--map %s=%s shows it as one", text, wanted);
			return err_usage(err, "%s: map '%s' is shown as %s, not as a %s", option,
					 text, map_role_name(map->role), wanted);
		}
	}
	return 0;
}

int select_maps(const struct plan *plan, const struct select_words *words, struct selection *ret,
		struct err *err)
{
	int code = 0;

	ret->filters = xcalloc(plan->nmaps + 1, sizeof(*ret->filters));
	ret->metrics = xcalloc(plan->nmaps + 1, sizeof(*ret->metrics));
	for (size_t i = 0; i < words->filter.count && code >= 0; i++)
		code = add_regex(plan, words->filter.words[i], ret->filters, err);
	for (size_t i = 0; i < words->where.count && code >= 0; i++)
		code = add_where(plan, words->where.words[i], ret->filters, err);
	if (code >= 0)
		code = check_words(plan, &words->labels, '=', "--labels", is_metric, "counter",
				   err);
	if (code >= 0)
		code = check_words(plan, &words->drop_labels, '=', "--drop-label", is_metric,
				   "counter", err);
	if (code >= 0)
		code = check_words(plan, &words->hist_keys, ',', "--hist-value-key", is_histogram,
				   "histogram", err);
	if (code >= 0)
		code = check_words(plan, &words->hist_buckets, ',', "--hist-buckets", is_histogram,
				   "histogram", err);
	if (code >= 0)
		code = check_words(plan, &words->relabels, ',', "--relabel", is_metric, "counter",
				   err);
	for (uint32_t i = 0; i < plan->nmaps && code >= 0; i++) {
		if (!is_metric(&plan->maps[i]))
			continue;
		code = compile_metric(&plan->maps[i], words, &ret->metrics[i], err);
		if (code >= 0)
			metric_tell_apart(ret->metrics, i, ret->metrics[i]);
	}
	return code;
}

void selection_release(const struct plan *plan, struct selection *selection)
{
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (selection->filters)
			filter_free(selection->filters[i]);
		if (selection->metrics && selection->metrics[i]) {
			metric_release(selection->metrics[i]);
			free(selection->metrics[i]);
		}
	}
	free(selection->filters);
	free(selection->metrics);
	*selection = (struct selection){ 0 };
}
