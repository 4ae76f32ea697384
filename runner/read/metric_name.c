// SPDX-License-Identifier: Apache-2.0
/*
 * Names of metrics and labels: <map>[_<member>][_<unit>][_total], in base units, of valid
 * characters, each once.
 */
#include "runner/read/metric_plan.h"

#include <string.h>

#include "base/log.h"
#include "base/util.h"

#define MAX_NAME 255

/* What Prometheus asks for is seconds and bytes; other units stay what they are. */
bool metric_unit(const char *unit, const char **ret_base, double *ret_scale)
{
	static const struct {
		const char *unit, *base;
		double scale;
	} units[] = {
		{ "ns", "seconds", 1e-9 },   { "us", "seconds", 1e-6 },
		{ "ms", "seconds", 1e-3 },   { "s", "seconds", 1 },
		{ "sec", "seconds", 1 },     { "seconds", "seconds", 1 },
		{ "min", "seconds", 60 },    { "h", "seconds", 3600 },
		{ "B", "bytes", 1 },	     { "bytes", "bytes", 1 },
		{ "kB", "bytes", 1e3 },	     { "MB", "bytes", 1e6 },
		{ "GB", "bytes", 1e9 },	     { "KiB", "bytes", 1024 },
		{ "MiB", "bytes", 1048576 }, { "GiB", "bytes", 1073741824 },
		{ "kbytes", "bytes", 1024 }, { "percent", "ratio", 0.01 },
	};

	for (size_t i = 0; unit && i < ARRAY_LEN(units); i++) {
		if (streq(unit, units[i].unit)) {
			*ret_base = units[i].base;
			*ret_scale = units[i].scale;
			return true;
		}
	}
	*ret_base = unit ? unit : "";
	*ret_scale = 1;
	return false;
}

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

static bool is_series_of(const char *name, const struct family *histogram)
{
	size_t len = strlen(histogram->name);

	return strncmp(name, histogram->name, len) == 0 &&
	       (streq(name + len, "_bucket") || streq(name + len, "_sum") ||
		streq(name + len, "_count"));
}

static bool family_taken(const struct metric_plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		const struct family *family = &plan->families[i];

		if (streq(family->name, name) ||
		    (family->type == METRIC_HISTOGRAM && is_series_of(name, family)))
			return true;
	}
	return false;
}

/* "rx_bytes" in bytes is not called rx_bytes_bytes, nor "lat_ns" lat_ns_seconds. */
static const char *compose(struct metric_plan *plan, const char *stem, const char *unit,
			   const char *base, uint8_t type)
{
	char *text = arena_strdup(&plan->arena, stem);
	char *at;

	if (ends_with(text, "total", &at))
		*at = '\0';
	if (!streq(unit, base) && ends_with(text, unit, &at))
		*at = '\0';
	if (*base && !ends_with(text, base, &at))
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

	if (*member && !*map_name)
		stem = metric_clean_name(arena, member);
	else if (*member)
		stem = metric_clean_name(arena, arena_printf(arena, "%s_%s", stem, member));
	metric_unit(unit, &base, &family->scale);
	base = *base ? metric_clean_name(arena, base) : "";
	raw = unit && *unit ? metric_clean_name(arena, unit) : "";
	family->unit = base;
	family->base = arena_strdup(arena, member);
	family->name = compose(plan, stem, raw, base, family->type);
	for (unsigned n = 2; family_taken(plan, family->name); n++) {
		const char *taken = family->name;

		family->name = compose(plan, arena_printf(arena, "%s_%u", stem, n), raw, base,
				       family->type);
		log_warn("map %s: two metrics are called '%s': one is exported as '%s'",
			 plan->map->name, taken, family->name);
	}
}
