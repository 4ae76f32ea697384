// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/prometheus/catalogue.h"

#include "base/log.h"
#include "base/util.h"

struct scrape_source *scrape_source_new(struct source *source, uint64_t cache_bytes)
{
	struct scrape_source *s = xcalloc(1, sizeof(*s));

	s->source = source;
	s->refs = 1;
	s->distinct_id = xcalloc(source->plan->nmaps + 1, sizeof(*s->distinct_id));
	sink_names_init(&s->names, source);
	if (cache_bytes)
		s->cache = label_cache_new(source->plan->nmaps, cache_bytes);
	return s;
}

static void unref_source(struct scrape_source *s)
{
	if (--s->refs)
		return;
	free(s->distinct_id);
	free(s);
}

void scrape_source_remove(struct scrape_source *s)
{
	sink_names_release(&s->names);
	label_cache_free(s->cache);
	s->cache = NULL;
	s->source = NULL;
	unref_source(s);
}

/* --- building --------------------------------------------------------------------------------- */

struct build {
	struct catalogue *catalogue;
	const struct naming *naming;
	uint32_t before; /* so many families are those of other sources */
};

static bool clashes(const struct build *build, const char *name, uint8_t type)
{
	for (uint32_t i = 0; i < build->before; i++) {
		const struct expo_family *head = &build->catalogue->families[i].head;

		if (metric_names_clash(head->name, head->type, name, type))
			return true;
	}
	return false;
}

/* One of another source with this name and type. */
static struct catalogue_family *find(const struct build *build, const char *name, uint8_t type)
{
	for (uint32_t i = 0; i < build->before; i++) {
		struct catalogue_family *family = &build->catalogue->families[i];

		if (family->head.type == type && streq(family->head.name, name))
			return family;
	}
	return NULL;
}

static char *free_name(const struct build *build, const struct metric_plan *plan,
		       const struct family *family, char *wanted)
{
	char *name = wanted;

	for (unsigned n = 2; clashes(build, name, family->type); n++) {
		if (name != wanted)
			free(name);
		name = metric_numbered_name(wanted, family->unit, n);
	}
	if (name != wanted) {
		log_warn("map %s: a metric of another program is called '%s': this one is exported "
			 "as '%s'",
			 plan->map->name, wanted, name);
		free(wanted);
	}
	return name;
}

static struct catalogue_family *new_family(const struct build *build,
					   const struct metric_plan *plan,
					   const struct family *family, char *name)
{
	struct catalogue *c = build->catalogue;
	struct catalogue_family *ret;

	c->families = xreallocarray(c->families, c->nfamilies + 1, sizeof(*c->families));
	ret = &c->families[c->nfamilies++];
	*ret = (struct catalogue_family){
		.head = { free_name(build, plan, family, name),
			  naming_help(build->naming, plan, family), xstrdup(family->unit),
			  family->type },
	};
	return ret;
}

static void add_family(const struct build *build, struct scrape_source *of, uint32_t map,
		       const struct metric_plan *plan, uint32_t nth)
{
	const struct family *family = &plan->families[nth];
	char *name = naming_prometheus(build->naming, plan, family);
	/* Exact series have no label that tells the programs apart. */
	struct catalogue_family *into =
		map_is_exact(plan->map) ? NULL : find(build, name, family->type);

	if (into)
		free(name);
	else
		into = new_family(build, plan, family, name);
	into->parts = xreallocarray(into->parts, into->nparts + 1, sizeof(*into->parts));
	into->parts[into->nparts++] = (struct catalogue_part){ of, map, nth };
	of->refs++;
}

static void add_source(struct build *build, struct scrape_source *of)
{
	const struct plan *plan = of->source->plan;

	build->before = build->catalogue->nfamilies;
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		const struct metric_plan *metric = map->exported && map_has_series(map)
							   ? source_metric(of->source, map)
							   : NULL;

		for (uint32_t k = 0; metric && k < metric->nfamilies; k++)
			add_family(build, of, i, metric, k);
	}
}

struct catalogue *catalogue_new(const struct naming *naming, struct scrape_source *const *sources,
				size_t nsources)
{
	struct build build = { .naming = naming };

	build.catalogue = xcalloc(1, sizeof(*build.catalogue));
	build.catalogue->refs = 1;
	for (size_t i = 0; i < nsources; i++)
		add_source(&build, sources[i]);
	return build.catalogue;
}

struct catalogue *catalogue_ref(struct catalogue *catalogue)
{
	catalogue->refs++;
	return catalogue;
}

void catalogue_unref(struct catalogue *catalogue)
{
	if (!catalogue || --catalogue->refs)
		return;
	for (uint32_t i = 0; i < catalogue->nfamilies; i++) {
		struct catalogue_family *family = &catalogue->families[i];

		for (uint32_t k = 0; k < family->nparts; k++)
			unref_source(family->parts[k].of);
		free(family->parts);
		free((void *)family->head.name);
		free((void *)family->head.help);
		free((void *)family->head.unit);
	}
	free(catalogue->families);
	free(catalogue);
}
