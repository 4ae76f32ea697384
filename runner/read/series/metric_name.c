// SPDX-License-Identifier: Apache-2.0
/*
 * Names of metrics and labels: <map>[_<member>][_<unit>][_total], in base units, of valid
 * characters, each once.
 */
#include "runner/load/plan/meanings.h"
#include "runner/read/series/metric_plan.h"

#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "runner/read/series/naming.h"

#define MAX_NAME 255

/* Letters, digits and '_', not beginning with a digit; never empty. */
char *metric_clean_name(struct arena *arena, const char *text)
{
	size_t len = strnlen(text, MAX_NAME);
	char *name = arena_alloc(arena, len + 2, 1);
	char *to = name;

	if (!len || (*text >= '0' && *text <= '9'))
		*to++ = '_';
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '_';

		*to++ = valid ? c : '_';
	}
	return name;
}

static bool label_taken(const struct metric_plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->nlabels; i++)
		if (streq(plan->labels[i].name, name))
			return true;
	return false;
}

/* A name for the next label. "le" and "quantile" belong to histograms, "__" to Prometheus. */
const char *metric_label_name(struct metric_plan *plan, const char *wanted)
{
	const char *clean = metric_clean_name(&plan->arena, wanted);
	const char *name;

	while (has_prefix(clean, "__"))
		clean++;
	if (streq(clean, "le") || streq(clean, "quantile"))
		clean = arena_printf(&plan->arena, "%s_", clean);
	name = clean;
	for (unsigned n = 2; label_taken(plan, name); n++)
		name = arena_printf(&plan->arena, "%s_%u", clean, n);
	if (name != clean)
		log_warn("map %s: two labels are called '%s': one is exported as '%s'",
			 plan->map->name, clean, name);
	return name;
}

static bool ends_with(const char *text, const char *tail, char **ret_at)
{
	size_t len = strlen(text), tail_len = strlen(tail);

	if (len <= tail_len + 1 || !streq(text + len - tail_len, tail) ||
	    text[len - tail_len - 1] != '_')
		return false;
	*ret_at = (char *)text + len - tail_len - 1;
	return true;
}

/* What formats put behind the name of such a family: each of these is taken by it. */
static const char *const tails_of[][5] = {
	[METRIC_COUNTER] = { "", "_total", "_created" },
	[METRIC_GAUGE] = { "" },
	[METRIC_HISTOGRAM] = { "", "_bucket", "_sum", "_count", "_created" },
};

/* OpenMetrics calls a counter's family without _total. */
static size_t stem_of(const struct family *family)
{
	size_t len = strlen(family->name), tail = strlen("_total");

	if (family->type == METRIC_COUNTER && len > tail &&
	    streq(family->name + len - tail, "_total"))
		len -= tail;
	return len;
}

static bool takes(const struct family *family, const char *name, size_t len)
{
	size_t stem = stem_of(family);

	if (len < stem || memcmp(family->name, name, stem) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(tails_of[0]) && tails_of[family->type][i]; i++) {
		const char *tail = tails_of[family->type][i];

		if (len - stem == strlen(tail) && memcmp(name + stem, tail, len - stem) == 0)
			return true;
	}
	return false;
}

/* Whether any name of one is a name of the other. */
static bool clash(const struct family *a, const struct family *b)
{
	size_t a_stem = stem_of(a), b_stem = stem_of(b);
	char name[2 * MAX_NAME + 64];

	if (takes(a, b->name, b_stem) || takes(b, a->name, a_stem))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(tails_of[0]) && tails_of[b->type][i]; i++) {
		int len = snprintf(name, sizeof(name), "%.*s%s", (int)b_stem, b->name,
				   tails_of[b->type][i]);

		if (takes(a, name, MIN((size_t)len, sizeof(name) - 1)))
			return true;
	}
	return false;
}

static bool family_taken(const struct metric_plan *plan, uint32_t count,
			 const struct family *family)
{
	for (uint32_t i = 0; i < count; i++)
		if (clash(&plan->families[i], family))
			return true;
	return false;
}

/* One of the words between the underscores of a name. */
static char *find_word(char *text, const char *word)
{
	size_t len = strlen(word);

	for (char *at = text; len && (at = strstr(at, word)); at++)
		if ((at == text || at[-1] == '_') && (!at[len] || at[len] == '_'))
			return at;
	return NULL;
}

/* "min" and "h" are also other words, so that only these are taken out of the middle of a name. */
static bool is_only_a_unit(const char *unit)
{
	return streq(unit, "ns") || streq(unit, "us") || streq(unit, "ms");
}

/* Takes the unit that is converted out of a name: "lat_ns", "ns_max". The first word stays. */
static void drop_unit(char *text, const char *unit)
{
	char *at;

	if (ends_with(text, unit, &at)) {
		*at = '\0';
		return;
	}
	at = is_only_a_unit(unit) ? find_word(text, unit) : NULL;
	if (at && at != text)
		memmove(at, at + strlen(unit) + 1, strlen(at + strlen(unit) + 1) + 1);
}

/* A name says its unit once: "bytes_sent" in bytes is not called bytes_sent_bytes, nor "lat_ns"
 * lat_ns_seconds. */
static const char *compose(struct metric_plan *plan, const char *stem, const char *unit,
			   const char *base, uint8_t type)
{
	char *text = arena_strdup(&plan->arena, stem);
	char *at;

	if (ends_with(text, "total", &at))
		*at = '\0';
	if (!streq(unit, base))
		drop_unit(text, unit);
	if (*base && !find_word(text, base))
		text = arena_printf(&plan->arena, "%s_%s", text, base);
	if (type == METRIC_COUNTER)
		text = arena_printf(&plan->arena, "%s_total", text);
	return text;
}

void metric_family_name(struct metric_plan *plan, struct family *family, const char *map_name,
			const char *member, const char *unit)
{
	struct arena *arena = &plan->arena;
	const char *stem = metric_clean_name(arena, map_name);
	const char *raw, *base;

	if (map_is_exact(plan->map)) {
		family->name = stem;
		family->base = family->unit = "";
		family->scale = 1;
		return;
	}
	if (*member && !*map_name)
		stem = metric_clean_name(arena, member);
	else if (*member)
		stem = metric_clean_name(arena, arena_printf(arena, "%s_%s", stem, member));
	naming_base_unit(unit, &base, &family->scale);
	base = *base ? metric_clean_name(arena, base) : "";
	raw = unit && *unit ? metric_clean_name(arena, unit) : "";
	family->unit = base;
	family->cell_unit = unit;
	family->meaning = family->field && family->field->meaning != MEAN_NONE
				  ? family->field->meaning
				  : (uint8_t)meaning_of_unit(unit);
	family->base = arena_strdup(arena, member);
	family->name = compose(plan, stem, raw, base, family->type);
	for (unsigned n = 2; family_taken(plan, plan->nfamilies, family); n++) {
		const char *taken = family->name;

		family->name = compose(plan, arena_printf(arena, "%s_%u", stem, n), raw, base,
				       family->type);
		log_warn("map %s: two metrics are called '%s': one is exported as '%s'",
			 plan->map->name, taken, family->name);
	}
}

bool metric_names_clash(const char *a, uint8_t a_type, const char *b, uint8_t b_type)
{
	const struct family x = { .name = a, .type = a_type }, y = { .name = b, .type = b_type };

	return clash(&x, &y);
}

char *metric_numbered_name(const char *name, const char *unit, unsigned number)
{
	_cleanup_free_ char *text = xstrdup(name);
	char *at = text + strlen(text), *cut;

	ends_with(text, "total", &at);
	*at = '\0';
	if (*unit && ends_with(text, unit, &cut))
		at = cut;
	*at = '\0';
	return xasprintf("%s_%u%s", text, number, name + (at - text));
}

static char *numbered(struct arena *arena, const struct family *family, const char *name,
		      unsigned number)
{
	_cleanup_free_ char *text = metric_numbered_name(name, family->unit, number);

	return arena_strdup(arena, text);
}

void metric_tell_apart(struct metric_plan *const *plans, uint32_t count, struct metric_plan *plan)
{
	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		struct family *family = &plan->families[i];
		const char *wanted = family->name;
		bool taken = true;

		for (unsigned n = 2; taken; n++) {
			taken = n > 2 && family_taken(plan, i, family);
			for (uint32_t k = 0; k < count && !taken; k++)
				taken = plans[k] &&
					family_taken(plans[k], plans[k]->nfamilies, family);
			if (taken)
				family->name = numbered(&plan->arena, family, wanted, n);
		}
		if (family->name != wanted)
			log_warn("map %s: a metric of another map is called '%s' too: this one is "
				 "exported as '%s'",
				 plan->map->name, wanted, family->name);
	}
}
