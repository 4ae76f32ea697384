// SPDX-License-Identifier: Apache-2.0
#include "runner/job/select.h"

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

/* An expression for one map. */
static int add_expr(const struct plan *plan, const struct select_filter *choice,
		    struct filter **filters, struct err *err)
{
	struct filter *f = NULL;
	struct map_plan *map;
	int ret = find_map(plan, choice->map, "--where", &map, err);

	if (ret >= 0)
		ret = filter_compile(&f, map, choice->text, err);
	if (ret >= 0)
		filters[map->index] = filter_and(filters[map->index], f);
	return ret;
}

static int add_regex(const struct plan *plan, const struct select_filter *choice,
		     struct filter **filters, struct err *err)
{
	struct filter *f = NULL;
	struct map_plan *map;
	int ret = find_map(plan, choice->map, "-f", &map, err);

	if (ret >= 0)
		ret = filter_compile_regex(&f, map, choice->field, choice->text, err);
	if (ret >= 0)
		filters[map->index] = filter_and(filters[map->index], f);
	return ret;
}

/* An expression without a map: it must fit at least one, and the error of the first says why it
 * fits none. */
static int add_expr_anywhere(const struct plan *plan, const char *expr, struct filter **filters,
			     struct err *err)
{
	bool fits = false;
	struct err first = { 0 };
	int ret = 0;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		struct err this = { 0 };
		struct filter *f = NULL;

		if (plan->maps[i].role == ROLE_INTERNAL)
			continue;
		ret = filter_compile(&f, &plan->maps[i], expr, &this);
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

static int add_filter(const struct plan *plan, const struct select_filter *choice,
		      struct filter **filters, struct err *err)
{
	if (choice->field)
		return add_regex(plan, choice, filters, err);
	if (choice->map)
		return add_expr(plan, choice, filters, err);
	return add_expr_anywhere(plan, choice->text, filters, err);
}

static bool is_for(const struct map_plan *map, const char *name)
{
	return streq(name, map->name) || streq(name, map->symbol);
}

static const struct select_fields *fields_for(const struct select_fields *choices, size_t count,
					      const struct map_plan *map)
{
	while (count-- > 0)
		if (is_for(map, choices[count].map))
			return &choices[count];
	return NULL;
}

static const char **all_fields(const struct map_plan *map, size_t *ret_count)
{
	uint32_t nkeys = map->has_key ? map->key.nfields : 0;
	/* The values of swept maps are values; a ring buffer's record has nothing but labels. */
	bool record = map_is_ring(map);
	uint32_t nvalues = record && map->has_value ? map->value.nfields : 0;
	const char **fields = xcalloc(nkeys + nvalues + 1, sizeof(*fields));

	for (uint32_t i = 0; i < nkeys; i++)
		fields[i] = map->key.fields[i].path;
	for (uint32_t i = 0; i < nvalues; i++)
		fields[nkeys + i] = map->value.fields[i].path;
	*ret_count = nkeys + nvalues;
	return fields;
}

static void choose_labels(struct metric_opts *m, const struct select_opts *opts,
			  const struct map_plan *map)
{
	const struct select_fields *labels = fields_for(opts->labels, opts->nlabels, map);
	const struct select_fields *drop = fields_for(opts->drop_labels, opts->ndrop_labels, map);

	if (labels && labels->nfields) {
		m->labels = labels->fields;
		m->nlabels = labels->nfields;
	}
	if (drop) {
		m->drop = drop->fields;
		m->ndrop = drop->nfields;
	}
}

static void choose_histogram(struct metric_opts *m, const struct select_opts *opts,
			     const struct map_plan *map)
{
	for (size_t i = 0; i < opts->nobserved; i++)
		if (is_for(map, opts->observed[i].map))
			m->observe = opts->observed[i].field;
	for (size_t i = 0; i < opts->nbuckets; i++) {
		if (!is_for(map, opts->buckets[i].map))
			continue;
		m->buckets = opts->buckets[i].buckets;
		m->unit = opts->buckets[i].unit;
	}
}

static int compile_metric(const struct map_plan *map, const struct select_opts *opts,
			  struct metric_plan **ret, struct err *err)
{
	_cleanup_free_ struct metric_relabel *relabels =
		xcalloc(opts->nrelabels + 1, sizeof(*relabels));
	_cleanup_free_ struct metric_plan *plan = xcalloc(1, sizeof(*plan));
	_cleanup_free_ const char **every = NULL;
	struct metric_opts m = { .split_cpu = opts->per_cpu, .relabels = relabels };
	int code;

	choose_labels(&m, opts, map);
	choose_histogram(&m, opts, map);
	if (!m.labels && opts->every_label) {
		every = all_fields(map, &m.nlabels);
		m.labels = m.nlabels ? every : NULL;
	}
	for (size_t i = 0; i < opts->nrelabels; i++)
		if (is_for(map, opts->relabels[i].map))
			relabels[m.nrelabels++] = opts->relabels[i].relabel;
	code = metric_compile(plan, map, &m, err);
	if (code < 0) {
		metric_release(plan);
		return code;
	}
	*ret = steal_ptr(&plan);
	return 0;
}

static bool is_histogram(const struct map_plan *map)
{
	return map->role == ROLE_HISTOGRAM;
}

/* A choice has to name a map that it means something to, or a mistake would pass unseen. */
static int check_choice(const struct plan *plan, const char *name, const char *option,
			bool (*fits)(const struct map_plan *map), const char *wanted,
			struct err *err)
{
	struct map_plan *map;
	int ret = find_map(plan, name, option, &map, err);

	if (ret < 0 || fits(map))
		return ret;
	err_hint(err, "--map %s=%s shows it as one", name, wanted);
	return err_usage(err, "%s: map '%s' is shown as %s, not as a %s", option, name,
			 map_role_name(map->role), wanted);
}

static int check_choices(const struct plan *plan, const struct select_opts *opts, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < opts->nlabels && ret >= 0; i++)
		ret = check_choice(plan, opts->labels[i].map, "--labels", map_has_series, "counter",
				   err);
	for (size_t i = 0; i < opts->ndrop_labels && ret >= 0; i++)
		ret = check_choice(plan, opts->drop_labels[i].map, "--drop-label", map_has_series,
				   "counter", err);
	for (size_t i = 0; i < opts->nobserved && ret >= 0; i++)
		ret = check_choice(plan, opts->observed[i].map, "--hist-value-key", is_histogram,
				   "histogram", err);
	for (size_t i = 0; i < opts->nbuckets && ret >= 0; i++)
		ret = check_choice(plan, opts->buckets[i].map, "--hist-buckets", is_histogram,
				   "histogram", err);
	for (size_t i = 0; i < opts->nrelabels && ret >= 0; i++)
		ret = check_choice(plan, opts->relabels[i].map, "--relabel", map_has_series,
				   "counter", err);
	return ret;
}

int select_maps(const struct plan *plan, const struct select_opts *opts, struct selection *ret,
		struct err *err)
{
	int code = 0;

	ret->filters = xcalloc(plan->nmaps + 1, sizeof(*ret->filters));
	ret->metrics = xcalloc(plan->nmaps + 1, sizeof(*ret->metrics));
	for (size_t i = 0; i < opts->nfilters && code >= 0; i++)
		code = add_filter(plan, &opts->filters[i], ret->filters, err);
	if (code >= 0)
		code = check_choices(plan, opts, err);
	for (uint32_t i = 0; i < plan->nmaps && code >= 0; i++) {
		if (!map_has_series(&plan->maps[i]))
			continue;
		code = compile_metric(&plan->maps[i], opts, &ret->metrics[i], err);
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
