// SPDX-License-Identifier: Apache-2.0
#include "runner/read/series/naming.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/util.h"

#define DEFAULT_NAMESPACE "ebpf"
#define BEE_INFIX "solo_io"

/* A base unit in the words of others; NULL: they have none for it. */
static const struct base_unit {
	const char *base, *ucum, *panel, *panel_rate;
} base_units[] = {
	{ "seconds", "s", "s", "percentunit" },
	{ "bytes", "By", "bytes", "Bps" },
	{ "ratio", "1", "percentunit", "percentunit" },
	{ "celsius", "Cel", "celsius", NULL },
	{ "hertz", "Hz", "hertz", NULL },
	{ "volts", "V", "volt", NULL },
	{ "watts", "W", "watt", NULL },
	{ "joules", "J", "joule", "watt" },
};

static const struct base_unit *find_base(const char *base)
{
	for (size_t i = 0; i < ARRAY_LEN(base_units); i++)
		if (streq(base, base_units[i].base))
			return &base_units[i];
	return NULL;
}

/* Prometheus asks for seconds and bytes; other units stay as they are. */
bool naming_base_unit(const char *unit, const char **ret_base, double *ret_scale)
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

char *naming_ucum(const struct family *family)
{
	const struct base_unit *unit = find_base(family->unit);

	if (unit)
		return xstrdup(unit->ucum);
	/* A word that is no unit stands in braces. */
	if (family->unit[0])
		return xasprintf("{%s}", family->unit);
	return xstrdup(!family->field && family->type == METRIC_COUNTER ? "{event}" : "");
}

const char *naming_panel_unit(const char *base, bool rate)
{
	const struct base_unit *unit = find_base(base);
	const char *panel = unit ? rate ? unit->panel_rate : unit->panel : NULL;

	return panel ? panel : rate ? "cps" : "short";
}

/* --- the namespace ---------------------------------------------------------------------------- */

const struct naming naming_usual = { .name_space = DEFAULT_NAMESPACE };

/* The names of this process' own figures begin with bombus and process. */
static bool is_namespace(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				      "0123456789";

	return text[0] && !isdigit((unsigned char)text[0]) && !text[strspn(text, allowed)] &&
	       !streq(text, "bombus") && !streq(text, "process");
}

int naming_init(struct naming *ret, const char *name_space, const char *tool, struct err *err)
{
	struct naming naming = naming_usual;

	if (name_space && !is_namespace(name_space))
		return err_usage(err,
				 "--namespace: '%s' cannot begin a metric's name: use letters, "
				 "digits and _, no digit first, and neither bombus nor process",
				 name_space);
	if (name_space)
		naming.name_space = name_space;
	naming.is_given = name_space != NULL;
	naming.exporter = tool && streq(tool, "ebpf_exporter");
	naming.bee = tool && streq(tool, "bee");
	*ret = naming;
	return 0;
}

/* --- families --------------------------------------------------------------------------------- */

static const char *space_of(const struct naming *naming, const struct map_plan *map)
{
	return map_is_exact(map) && !naming->is_given ? map->name_space : naming->name_space;
}

char *naming_prometheus(const struct naming *naming, const struct metric_plan *plan,
			const struct family *family)
{
	if (!naming->bee)
		return xasprintf("%s_%s", space_of(naming, plan->map), family->name);
	return xasprintf("%s_" BEE_INFIX "_%s%s%s", naming->name_space, plan->map->symbol,
			 family->base[0] ? "_" : "", family->base);
}

static void cut_word(char *name, const char *word)
{
	size_t len = strlen(name), tail = strlen(word);

	if (tail && len > tail + 1 && name[len - tail - 1] == '_' && streq(name + len - tail, word))
		name[len - tail - 1] = '\0';
}

/* Receivers that make Prometheus' names of these put the unit and _total back. */
char *naming_otlp(const struct naming *naming, const struct metric_plan *plan,
		  const struct family *family)
{
	_cleanup_free_ char *name = xstrdup(family->name);

	if (family->type == METRIC_COUNTER)
		cut_word(name, "total");
	cut_word(name, family->unit);
	return xasprintf("%s.%s", space_of(naming, plan->map), name);
}

char *naming_help(const struct naming *naming, const struct metric_plan *plan,
		  const struct family *family)
{
	const struct map_plan *map = plan->map;

	/* BumbleBee never has any text. */
	if (naming->bee)
		return xstrdup("");
	if (family->help[0])
		return xstrdup(family->help);
	if (!family->field && family->type == METRIC_COUNTER)
		return xasprintf("Events of the map %s.", map->name);
	if (family->base[0])
		return xasprintf("%s of the map %s.", family->base, map->name);
	return xasprintf("Values of the map %s.", map->name);
}

double naming_scale(const struct naming *naming, const struct family *family)
{
	return naming->bee ? 1 : family->scale;
}

/* --- labels ----------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct label *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

void naming_order(const struct naming *naming, const struct label **labels, uint32_t count)
{
	if (naming->bee)
		qsort(labels, count, sizeof(*labels), by_name);
}

const char *naming_beside_program(const char *label)
{
	return streq(label, NAMING_PROGRAM) ? "exported_" NAMING_PROGRAM : label;
}

const char *naming_scraped(const char *label)
{
	if (streq(label, "job"))
		return "exported_job";
	return streq(label, "instance") ? "exported_instance" : label;
}
