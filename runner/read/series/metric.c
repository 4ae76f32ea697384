// SPDX-License-Identifier: Apache-2.0
#include "runner/read/series/metric_plan.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/read/series/relabel.h"

#define VALUE_TAGS (TAG_VALUE | TAG_COUNTER | TAG_GAUGE)

static bool is_entries(const struct map_plan *map)
{
	switch (map->source) {
	case SOURCE_HASH:
	case SOURCE_ARRAY:
	case SOURCE_ITER:
	case SOURCE_GLOBALS:
		return true;
	}
	return false;
}

/* Whether each element is a number to be shown as one: by what it means, or, where it is all that
 * there is or tagged as a value, by its kind alone. */
static bool is_number(const struct metric_build *b, const struct field *field)
{
	const struct map_plan *map = b->map;
	struct field element = *field;

	if (guess_is_label(b, field))
		return false;
	element.count = 1;
	if (field_is_numeric(&element))
		return true;
	if (!(field->tags & VALUE_TAGS) && !(map->value.is_scalar && field->count == 1))
		return false;
	switch (field->kind) {
	case KIND_UINT:
	case KIND_INT:
	case KIND_BOOL:
	case KIND_FLOAT:
		return true;
	}
	return false;
}

static bool owned_by_histogram(const struct metric_build *b, const struct field *field)
{
	return field == b->bucket || field == b->slots || field == b->sum || field == b->count ||
	       (b->plan->kind == METRIC_HIST_EVENTS && field == b->plan->observe);
}

/* Looks "key.x", "value.x" or "x" up. */
static const struct field *find_field(const struct map_plan *map, const char *name)
{
	const struct field *field = NULL;

	if (map->has_key && has_prefix(name, "key.") && (field = layout_find(&map->key, name + 4)))
		return field;
	if (map->has_value && has_prefix(name, "value.") &&
	    (field = layout_find(&map->value, name + 6)))
		return field;
	if (map->has_key)
		field = layout_find(&map->key, name);
	if (!field && map->has_value)
		field = layout_find(&map->value, name);
	return field;
}

struct field_iter {
	const struct map_plan *map;
	uint32_t next;
};

static const char *next_path(void *ctx)
{
	struct field_iter *iter = ctx;
	const struct map_plan *map = iter->map;
	uint32_t i = iter->next++, nkeys = map->has_key ? map->key.nfields : 0;

	if (i < nkeys)
		return map->key.fields[i].path;
	i -= nkeys;
	return map->has_value && i < map->value.nfields ? map->value.fields[i].path : NULL;
}

static int unknown_field(const struct map_plan *map, const char *name, struct err *err)
{
	struct field_iter iter = { .map = map };
	const char *near = suggest(name, next_path, &iter);

	err_exit(err, EXIT_USAGE);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	return err_set(err, EINVAL, "map %s has no field '%s'", map->name, name);
}

static int check_names(const struct metric_build *b, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!find_field(b->map, names[i]))
			return unknown_field(b->map, names[i], b->err);
	return 0;
}

static bool is_named(const struct metric_build *b, const char *const *names, size_t count,
		     const struct field *field)
{
	for (size_t i = 0; i < count; i++)
		if (find_field(b->map, names[i]) == field)
			return true;
	return false;
}

static bool is_label(const struct metric_build *b, const struct layout *layout,
		     const struct field *field, enum part part)
{
	const struct metric_opts *opts = b->opts;

	if (owned_by_histogram(b, field))
		return false;
	if (opts && opts->labels)
		return is_named(b, opts->labels, opts->nlabels, field);
	if (opts && is_named(b, opts->drop, opts->ndrop, field))
		return false;
	if (field->tags & TAG_HIDE)
		return false;
	if (b->tagged[part])
		return field->tags & TAG_LABEL;
	if ((field->tags & (VALUE_TAGS | TAG_OBSERVE)) ||
	    (field_is_time(field) && !layout->is_scalar))
		return false;
	return part == PART_KEY || !b->entries || !is_number(b, field);
}

static const char *wanted_name(const struct metric_build *b, const struct layout *layout,
			       const struct field *field, enum part part)
{
	if (part == PART_KEY && layout->is_scalar && b->map->source == SOURCE_ARRAY &&
	    streq(field->name, "key"))
		return "index";
	return field->label;
}

/* Into the key, with the text it is to have. */
static int lay_label(struct metric_build *b, struct label *label)
{
	const struct metric_opts *opts = b->opts;
	struct relabel *relabel = NULL;

	for (size_t i = 0; opts && i < opts->nrelabels; i++) {
		const struct metric_relabel *words = &opts->relabels[i];
		int code;

		if (find_field(b->map, words->field) != label->field)
			continue;
		if (label->field->id_of) {
			err_hint(b->err, "relabel_configs of the receiver can change it");
			return err_usage(b->err,
					 "--relabel: '%s' has its text only when it is shown",
					 words->field);
		}
		code = relabel_new(&relabel, label->field, words->regex, words->replacement,
				   b->err);
		if (code < 0)
			return code;
		metric_steps_relabel(b->plan, label, b->plan->key_bytes, relabel);
		return 0;
	}
	metric_steps_label(b->plan, label, b->plan->key_bytes);
	return 0;
}

static int add_labels(struct metric_build *b, const struct layout *layout, enum part part)
{
	struct metric_plan *plan = b->plan;
	int code;

	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *field = &layout->fields[i];
		struct label *label = &plan->labels[plan->nlabels];

		if (!is_label(b, layout, field, part))
			continue;
		*label = (struct label){ .field = field, .part = part };
		label->name =
			map_is_exact(b->map)
				? field->label
				: metric_label_name(plan, wanted_name(b, layout, field, part));
		plan->nlabels++;
		code = lay_label(b, label);
		if (code < 0)
			return code;
		plan->key_bytes =
			plan->steps[plan->nsteps - 1].dst + plan->steps[plan->nsteps - 1].len;
		plan->value_labels |= b->entries && part == PART_VALUE;
	}
	return 0;
}

/* --per-cpu: the number of the CPU, which no field of the record holds. */
static void add_cpu_label(struct metric_build *b)
{
	struct metric_plan *plan = b->plan;
	struct label *label = &plan->labels[plan->nlabels];

	label->name = metric_label_name(plan, "cpu");
	label->part = PART_VALUE;
	label->in_key = (struct field){
		.name = "cpu",
		.path = "cpu",
		.label = "cpu",
		.off_bits = plan->key_bytes * 8,
		.size_bits = 32,
		.count = 1,
		.kind = KIND_UINT,
	};
	plan->nlabels++;
	plan->key_bytes += 4;
	plan->split_cpu = true;
}

/* One step a label, but one for each element of a list of texts or addresses. */
static uint32_t max_steps(const struct layout *layout)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *field = &layout->fields[i];

		n += field->kind == KIND_TEXT || field->meaning == MEAN_IP ? field->count : 1;
	}
	return n;
}

/* Stacks of users find their process in the key, if it has a label for it. */
static void link_pid(const struct metric_plan *plan, struct label *label)
{
	uint32_t at = label->field ? label->field->pid_at : 0;

	if (!label->in_key.has_pid)
		return;
	label->in_key.has_pid = false;
	for (uint32_t i = 0; i < plan->nlabels; i++) {
		const struct label *other = &plan->labels[i];
		const struct field *f = other->field;

		if (!f || other->part != label->part || f->is_bits ||
		    other->in_key.kind != f->kind || at < f->off_bits / 8 ||
		    at + 4 > field_end_bytes(f))
			continue;
		label->in_key.has_pid = true;
		label->in_key.pid_at = other->in_key.off_bits / 8 + at - f->off_bits / 8;
	}
}

static int make_labels(struct metric_build *b)
{
	const struct map_plan *map = b->map;
	struct metric_plan *plan = b->plan;
	bool key = map->has_key &&
		   (map_is_exact(map) || !(map->source == SOURCE_ARRAY && map->max_entries == 1));
	uint32_t nfields = (key ? map->key.nfields : 0) + (map->has_value ? map->value.nfields : 0);
	uint32_t nsteps =
		(key ? max_steps(&map->key) : 0) + (map->has_value ? max_steps(&map->value) : 0);
	const struct metric_step *only;
	int code = 0;

	plan->labels = arena_array(&plan->arena, struct label, nfields + 1);
	plan->steps = arena_array(&plan->arena, struct metric_step, nsteps + 1);
	if (key)
		code = add_labels(b, &map->key, PART_KEY);
	if (code == 0 && map->has_value)
		code = add_labels(b, &map->value, PART_VALUE);
	if (code < 0)
		return code;
	if (((b->opts && b->opts->split_cpu) || map->split_cpu) && map->per_cpu && b->entries)
		add_cpu_label(b);
	for (uint32_t i = 0; i < plan->nlabels; i++)
		link_pid(plan, &plan->labels[i]);
	only = plan->nsteps == 1 ? plan->steps : NULL;
	plan->key_is_record = only && only->op <= STEP_COPY_LONG && !plan->split_cpu;
	return 0;
}

static bool is_value(const struct metric_build *b, const struct field *field)
{
	const struct metric_opts *opts = b->opts;

	if (!is_number(b, field) || (field->tags & TAG_HIDE) || owned_by_histogram(b, field) ||
	    guess_is_same(b, field))
		return false;
	if (opts && opts->labels && is_named(b, opts->labels, opts->nlabels, field))
		return false;
	if (b->values_tagged || !b->entries || b->plan->kind != METRIC_ENTRIES)
		return field->tags & VALUE_TAGS;
	return !(field->tags & TAG_LABEL) && (!field_is_time(field) || b->map->value.is_scalar);
}

static uint8_t value_type(const struct metric_build *b, const struct field *field)
{
	if (map_is_exact(b->map))
		return b->map->role == ROLE_GAUGE ? METRIC_GAUGE : METRIC_COUNTER;
	if (field->tags & TAG_COUNTER)
		return METRIC_COUNTER;
	if ((field->tags & TAG_GAUGE) || guess_is_gauge(b, field))
		return METRIC_GAUGE;
	/* Records have no state: what a plain VALUE says holds until the next one. */
	if (!b->entries)
		return METRIC_GAUGE;
	return b->map->role == ROLE_GAUGE || b->plan->kind != METRIC_ENTRIES ? METRIC_GAUGE
									     : METRIC_COUNTER;
}

/* A family with a cell of its own for element `i` of the field. */
static void add_family(struct metric_build *b, const struct field *field, uint32_t i)
{
	struct metric_plan *plan = b->plan;
	const struct map_plan *map = b->map;
	struct family *family = &plan->families[plan->nfamilies];
	struct metric_value *value = &plan->values[plan->nvalues++];
	const char *member = map->value.is_scalar ? "" : field->label;
	const char *unit = field->unit ? field->unit : map->value.is_scalar ? map->unit : NULL;

	if (field->count > 1)
		member = arena_printf(&plan->arena, "%s%s%u", member, *member ? "_" : "", i);
	*value = (struct metric_value){
		.src = field->off_bits / 8 + i * (field->size_bits / 8),
		.n = 1,
		.cell = plan->ncells,
		.op = metric_value_op(field),
		.field = field,
	};
	*family = (struct family){
		.help = field->help ? field->help
			: map->help ? map->help
				    : "",
		.field = field,
		.type = value_type(b, field),
		.cell_type = metric_value_cell(value->op),
		.cell = plan->ncells++,
	};
	value->set = !b->entries && family->type == METRIC_GAUGE;
	if (value->op == VALUE_FIELD_D || field->is_bits)
		value->src = field->off_bits / 8;
	metric_family_name(plan, family, map->plain_names ? "" : map->name, member, unit);
	plan->nfamilies++;
}

static void add_families(struct metric_build *b)
{
	const struct layout *value = &b->map->value;
	struct metric_plan *plan = b->plan;

	for (uint32_t i = 0; b->map->has_value && i < value->nfields; i++) {
		const struct field *field = &value->fields[i];

		if (!is_value(b, field))
			continue;
		if (field->count > METRIC_MAX_LIST) {
			log_warn("map %s: %s is a list of %u numbers, more than %d: left out",
				 b->map->name, field->path, field->count, METRIC_MAX_LIST);
			continue;
		}
		if (plan->nfamilies + field->count > METRIC_MAX_FAMILIES) {
			log_warn("map %s: more than %d metrics, those from %s on are left out",
				 b->map->name, METRIC_MAX_FAMILIES, field->path);
			return;
		}
		for (uint32_t k = 0; k < field->count; k++)
			add_family(b, field, k);
	}
}

/* The family that no member stands for: the number of records, or the constant 1. */
static void add_plain_family(struct metric_build *b)
{
	struct metric_plan *plan = b->plan;
	struct family *family = &plan->families[plan->nfamilies];
	const char *name = b->map->name;

	*family = (struct family){
		.help = b->map->help ? b->map->help : "",
		.type = b->entries || b->map->role == ROLE_GAUGE ? METRIC_GAUGE : METRIC_COUNTER,
		.cell_type = CELL_U64,
		.cell = plan->ncells++,
	};
	if (b->entries) {
		plan->values[plan->nvalues++] =
			(struct metric_value){ .n = 1, .op = VALUE_ONE, .cell = family->cell };
		name = arena_printf(&plan->arena, "%s_info", name);
	}
	metric_family_name(plan, family, name, "", NULL);
	plan->nfamilies++;
}

static int make_families(struct metric_build *b)
{
	const struct map_plan *map = b->map;
	struct metric_plan *plan = b->plan;
	uint32_t lists = 0, nvalues;

	for (uint32_t i = 0; map->has_value && i < map->value.nfields; i++)
		lists += MIN(map->value.fields[i].count, (uint32_t)METRIC_MAX_LIST);
	nvalues = lists + 4;
	if (b->slots)
		nvalues += MIN(b->slots->count, (uint32_t)METRIC_MAX_BOUNDS);
	plan->families = arena_array(&plan->arena, struct family,
				     MIN(lists, (uint32_t)METRIC_MAX_FAMILIES) + 2);
	plan->values = arena_array(&plan->arena, struct metric_value, nvalues);
	if (map->role == ROLE_HISTOGRAM) {
		int r = histogram_make(b);

		if (r < 0)
			return r;
	} else if (!b->entries) {
		add_plain_family(b);
	}
	if (plan->kind != METRIC_HIST_KEY)
		add_families(b);
	if (!plan->nfamilies)
		add_plain_family(b);
	if (plan->nfamilies == 1)
		plan->families[0].base = "";
	plan->counts_only = plan->kind == METRIC_EVENTS && !plan->nvalues;
	return 0;
}

static void note_tags(struct metric_build *b)
{
	const struct layout *layouts[] = { &b->map->key, &b->map->value };
	const bool has[] = { b->map->has_key, b->map->has_value };

	for (int part = 0; part < 2; part++) {
		for (uint32_t i = 0; has[part] && i < layouts[part]->nfields; i++) {
			uint8_t tags = layouts[part]->fields[i].tags;

			b->tagged[part] |= (tags & TAG_LABEL) != 0;
			b->values_tagged |= part == PART_VALUE && (tags & VALUE_TAGS);
		}
	}
}

static int compile(struct metric_build *b)
{
	const struct metric_opts *opts = b->opts;
	int r = 0;

	if (opts && opts->labels)
		r = check_names(b, opts->labels, opts->nlabels);
	if (r == 0 && opts)
		r = check_names(b, opts->drop, opts->ndrop);
	for (size_t i = 0; r == 0 && opts && i < opts->nrelabels; i++)
		r = check_names(b, &opts->relabels[i].field, 1);
	if (r < 0)
		return r;
	note_tags(b);
	b->plan->kind = b->entries ? METRIC_ENTRIES : METRIC_EVENTS;
	if (b->map->role == ROLE_HISTOGRAM) {
		if (opts && opts->observe && !b->entries &&
		    !layout_find(&b->map->value, opts->observe))
			return unknown_field(b->map, opts->observe, b->err);
		r = histogram_find(b);
		if (r < 0)
			return r;
	}
	r = make_labels(b);
	return r < 0 ? r : make_families(b);
}

int metric_compile(struct metric_plan *ret, const struct map_plan *map,
		   const struct metric_opts *opts, struct err *err)
{
	struct metric_plan plan = { .map = map };
	struct metric_build build = {
		.plan = &plan,
		.map = map,
		.opts = opts,
		.err = err,
		.entries = is_entries(map),
	};
	int r = compile(&build);

	if (r < 0) {
		metric_release(&plan);
		return r;
	}
	*ret = plan;
	return 0;
}

const char *metric_field_word(const struct metric_plan *plan, const struct field *field)
{
	static const char *const words[] = { "counter", "gauge", "histogram" };

	for (uint32_t i = 0; i < plan->nlabels; i++)
		if (plan->labels[i].field == field)
			return "label";
	for (uint32_t i = 0; i < plan->nfamilies; i++)
		if (plan->families[i].field == field)
			return words[plan->families[i].type];
	return plan->observe == field ? "histogram" : "";
}

void metric_release(struct metric_plan *plan)
{
	for (uint32_t i = 0; i < plan->nsteps; i++)
		relabel_free(plan->steps[i].relabel);
	arena_release(&plan->arena);
	*plan = (struct metric_plan){ 0 };
}
