// SPDX-License-Identifier: Apache-2.0
/* Which member of a record is what in a span. A member is known by the end of its path, so that
 * it may stand in a base struct of any name; the first one of a name counts. */
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/text/decode.h"
#include "runner/read/span/span.h"
#include "runner/read/span/span_internal.h"
#include "runner/read/span/span.h"

#define EVENTS "span_events"
#define LINKS "span_links"

enum need {
	NEED_NUMBER, /* one integer of up to 64 bits */
	NEED_TEXT,   /* one value of any kind that is short as text */
	NEED_WORD,   /* either of these */
};

struct known {
	const char *name;
	uint16_t off; /* of the pointer in the plan */
	uint8_t need; /* enum need */
};

#define PLAN(member) offsetof(struct span_plan, member)
static const struct known span_members[] = {
	{ "span_duration_ns", PLAN(duration), NEED_NUMBER },
	{ "span_name", PLAN(name), NEED_TEXT },
	{ "service", PLAN(service), NEED_TEXT },
	{ "span_kind", PLAN(kind), NEED_WORD },
	{ "span_status", PLAN(status), NEED_WORD },
	{ "span_status_message", PLAN(status_message), NEED_TEXT },
	{ "trace_state", PLAN(trace_state), NEED_TEXT },
	{ "trace_flags", PLAN(trace_flags), NEED_NUMBER },
};
#undef PLAN

static const struct known event_members[] = {
	{ "name", offsetof(struct span_event_plan, name), NEED_TEXT },
};

static const struct known link_members[] = {
	{ "trace_state", offsetof(struct span_link_plan, trace_state), NEED_TEXT },
	{ "trace_flags", offsetof(struct span_link_plan, trace_flags), NEED_NUMBER },
};

/* The fields of one span, event or link, and the fields that remain as attributes. */
struct finder {
	struct arena *arena;
	const struct layout *layout;
	const char *inside; /* "span_events.0.": only these; NULL: none that are in such a list */
	bool *used;	    /* by index in the layout */
};

static const char *last_component(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

/* Behind "span_events.7." at any depth; NULL: the path has no such list. */
static const char *behind_list(const char *path, const char *list)
{
	size_t len = strlen(list);

	for (const char *at = path; at; at = strchr(at, '.')) {
		at += *at == '.';
		if (strncmp(at, list, len) == 0 && at[len] == '.') {
			at = strchr(at + len + 1, '.');
			return at ? at + 1 : NULL;
		}
	}
	return NULL;
}

static bool is_in(const struct finder *f, const char *path)
{
	if (f->inside)
		return has_prefix(path, f->inside);
	return !behind_list(path, EVENTS) && !behind_list(path, LINKS);
}

static bool is_of_parent(const char *path)
{
	const char *last = last_component(path);
	size_t before = (size_t)(last - path);

	return before >= 7 && strncmp(last - 7, "parent.", 7) == 0 &&
	       (before == 7 || last[-8] == '.');
}

static bool is_number(const struct field *f)
{
	return f->count == 1 && f->size_bits <= 64 &&
	       (f->kind == KIND_UINT || f->kind == KIND_INT || f->kind == KIND_BOOL ||
		f->kind == KIND_ENUM);
}

static bool fits(const struct field *f, enum need need)
{
	if (need == NEED_NUMBER)
		return is_number(f);
	if (need == NEED_WORD && is_number(f))
		return true;
	return f->count == 1 && (span_text_is_plain(f) || field_text_max(f) <= SPAN_TEXT_MAX);
}

static const struct field *take(struct finder *f, uint32_t i)
{
	f->used[i] = true;
	return &f->layout->fields[i];
}

static void find_members(struct finder *f, void *plan, const struct known *known, size_t count)
{
	for (uint32_t i = 0; i < f->layout->nfields; i++) {
		const struct field *field = &f->layout->fields[i];
		const char *name = last_component(field->path);

		for (size_t k = 0; k < count && is_in(f, field->path); k++) {
			const struct field **slot = (void *)((char *)plan + known[k].off);

			if (streq(known[k].name, name) && !*slot && fits(field, known[k].need))
				*slot = take(f, i);
		}
	}
}

/* `name`, or its halves of 8 bytes `name`_hi and `name`_lo. */
static void find_id(struct finder *f, struct span_id_fields *ret, const char *name, bool of_parent,
		    uint32_t bytes)
{
	size_t len = strlen(name);

	for (uint32_t i = 0; i < f->layout->nfields && ret->nparts < 2; i++) {
		const struct field *field = &f->layout->fields[i];
		const char *last = last_component(field->path), *half = last + len;
		uint64_t bits = (uint64_t)field->size_bits * field->count;

		if (strncmp(last, name, len) != 0 || !is_in(f, field->path) || field->is_bits ||
		    (streq(name, "span_id") && is_of_parent(field->path) != of_parent))
			continue;
		if (*half == '\0' && bits == bytes * 8 && ret->nparts == 0) {
			ret->part[0] = take(f, i);
			ret->nparts = 1;
			return;
		}
		if (bytes == TRACE_ID_BYTES && bits == 64 &&
		    streq(half, ret->nparts ? "_lo" : "_hi"))
			ret->part[ret->nparts++] = take(f, i);
	}
	if (ret->nparts == 1) { /* one half is no id */
		f->used[ret->part[0] - f->layout->fields] = false;
		ret->nparts = 0;
	}
}

static bool is_moment(const struct field *field)
{
	return field_is_time(field) && field->count == 1;
}

/* By name, with the clock that goes with the name unless the type says another; else the first
 * member that is a point in time. */
static void find_time(struct finder *f, struct span_time *ret, const char *mono, const char *boot)
{
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < f->layout->nfields; i++) {
			const struct field *field = &f->layout->fields[i];
			const char *name = last_component(field->path);
			bool is_boot = boot && streq(name, boot);

			if (!is_in(f, field->path))
				continue;
			if (pass == 0 && !(is_number(field) && (is_boot || streq(name, mono))))
				continue;
			if (pass == 1 && !is_moment(field))
				continue;
			ret->field = take(f, i);
			ret->meaning = is_moment(field) ? field->meaning
				       : is_boot	? MEAN_BOOTTIME_NS
							: MEAN_KTIME_NS;
			return;
		}
	}
}

static bool is_attribute(const struct finder *f, uint32_t i)
{
	const struct field *field = &f->layout->fields[i];

	return !f->used[i] && !(field->tags & TAG_HIDE) && is_in(f, field->path);
}

static void take_attributes(struct finder *f, struct span_attrs *ret)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->layout->nfields; i++)
		n += is_attribute(f, i);
	ret->all = arena_array(f->arena, struct span_attr, n + 1);
	for (uint32_t i = 0; i < f->layout->nfields; i++) {
		const struct field *field = &f->layout->fields[i];
		struct span_attr *attr = &ret->all[ret->count];

		if (!is_attribute(f, i))
			continue;
		span_attr_init(attr, field, field->path + (f->inside ? strlen(f->inside) : 0));
		ret->text_max = MAX(ret->text_max, span_attr_text_max(attr));
		ret->count++;
	}
}

/*
 * How many elements a list has. Where the n-th is one of them, *ret becomes its prefix
 * ("base.span_events.3."). The layout unrolls arrays, so that elements come one after the other.
 */
static uint32_t elements(const struct finder *f, const char *list, uint32_t n, const char **ret)
{
	const char *last = "";
	size_t last_len = 0;
	uint32_t count = 0;

	for (uint32_t i = 0; i < f->layout->nfields; i++) {
		const char *path = f->layout->fields[i].path, *rest = behind_list(path, list);
		size_t len = rest ? (size_t)(rest - path) : 0;

		if (!len || (last_len == len && strncmp(path, last, len) == 0))
			continue;
		if (count++ == n)
			*ret = arena_printf(f->arena, "%.*s", (int)len, path);
		last = path;
		last_len = len;
	}
	return count;
}

static void find_events(struct span_plan *plan, struct finder all)
{
	uint32_t n = elements(&all, EVENTS, UINT32_MAX, NULL);

	plan->events = arena_array(all.arena, struct span_event_plan, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		struct span_event_plan event = { 0 };
		struct finder f = all;

		elements(&all, EVENTS, i, &f.inside);
		find_time(&f, &event.time, "time_ns", NULL);
		find_members(&f, &event, event_members, ARRAY_LEN(event_members));
		take_attributes(&f, &event.attrs);
		plan->text_max = MAX(plan->text_max, event.attrs.text_max);
		if (event.time.field) /* else it is none, and never seen */
			plan->events[plan->nevents++] = event;
	}
}

static void find_links(struct span_plan *plan, struct finder all)
{
	uint32_t n = elements(&all, LINKS, UINT32_MAX, NULL);

	plan->links = arena_array(all.arena, struct span_link_plan, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		struct span_link_plan link = { 0 };
		struct finder f = all;

		elements(&all, LINKS, i, &f.inside);
		find_id(&f, &link.trace_id, "trace_id", false, TRACE_ID_BYTES);
		find_id(&f, &link.span_id, "span_id", false, SPAN_ID_BYTES);
		find_members(&f, &link, link_members, ARRAY_LEN(link_members));
		take_attributes(&f, &link.attrs);
		plan->text_max = MAX(plan->text_max, link.attrs.text_max);
		if (link.trace_id.nparts && link.span_id.nparts)
			plan->links[plan->nlinks++] = link;
	}
}

static uint64_t duration_unit(const struct field *duration)
{
	uint64_t unit_ns = duration ? meaning_traits(duration->meaning)->unit_ns : 0;

	return unit_ns ? unit_ns : 1;
}

static const struct field *find_cgroup(const struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *f = &layout->fields[i];

		if (f->meaning == MEAN_CGROUP && is_number(f))
			return f;
	}
	return NULL;
}

struct span_id_fields span_trace_id(const struct map_plan *map)
{
	_cleanup_free_ bool *used = xcalloc(map->value.nfields + 1, sizeof(*used));
	struct finder f = { .layout = &map->value, .used = used };
	struct span_id_fields ret = { 0 };

	find_id(&f, &ret, "trace_id", false, TRACE_ID_BYTES);
	return ret;
}

void span_plan_init(struct span_plan *ret, struct arena *arena, const struct map_plan *map)
{
	const struct layout *layout = &map->value;
	_cleanup_free_ bool *used = xcalloc(layout->nfields + 1, sizeof(*used));
	struct finder f = { .arena = arena, .layout = layout, .used = used };

	*ret = (struct span_plan){ .map = map };
	find_id(&f, &ret->trace_id, "trace_id", false, TRACE_ID_BYTES);
	find_id(&f, &ret->parent_id, "parent_span_id", false, SPAN_ID_BYTES);
	if (!ret->parent_id.nparts)
		find_id(&f, &ret->parent_id, "span_id", true, SPAN_ID_BYTES);
	find_id(&f, &ret->span_id, "span_id", false, SPAN_ID_BYTES);
	find_time(&f, &ret->start, "span_monotonic_timestamp_ns", "span_boottime_timestamp_ns");
	find_members(&f, ret, span_members, ARRAY_LEN(span_members));
	ret->duration_unit_ns = duration_unit(ret->duration);
	ret->cgroup = find_cgroup(layout);
	take_attributes(&f, &ret->attrs);
	ret->text_max = ret->attrs.text_max;
	find_events(ret, f);
	find_links(ret, f);
}

struct span_text program_service(const char *program)
{
	static const char *const ends[] = { ".bpf.o", ".o", ".bpf.c", ".c", ".yaml", ".yml" };
	const char *slash = strrchr(program, '/');
	struct span_text name = { slash ? slash + 1 : program, 0 };

	name.len = strcspn(name.ptr, ":@");
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t len = strlen(ends[i]);

		if (name.len > len && memcmp(name.ptr + name.len - len, ends[i], len) == 0) {
			name.len -= len;
			break;
		}
	}
	return name;
}

const struct field *span_plan_find(const struct span_plan *plan, const char *name)
{
	const struct {
		const char *name;
		const struct field *field;
	} names[] = {
		{ "duration", plan->duration },
		{ "name", plan->name },
		{ "service", plan->service },
		{ "kind", plan->kind },
		{ "status", plan->status },
		{ "trace_id", plan->trace_id.nparts == 1 ? plan->trace_id.part[0] : NULL },
		{ "span_id", plan->span_id.nparts == 1 ? plan->span_id.part[0] : NULL },
		{ "parent_span_id", plan->parent_id.nparts == 1 ? plan->parent_id.part[0] : NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (streq(name, names[i].name))
			return names[i].field;
	for (uint32_t i = 0; i < plan->attrs.count; i++)
		if (streq(name, plan->attrs.all[i].name))
			return plan->attrs.all[i].field;
	return NULL;
}
