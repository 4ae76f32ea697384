/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of scrapes, in order: each family once, with the maps of all sources that have series
 * of it. Families of different programs with the same name and type are one; a family whose name is
 * one that a format makes of another gets a number.
 *
 * A catalogue does not change. When sources come and go there is a new one, while scrapes under way
 * keep theirs; a removed source disappears from all of them at once. One lock guards all of this,
 * see prometheus.c.
 */
#ifndef BOMBUS_RUNNER_SINK_PROMETHEUS_CATALOGUE_H
#define BOMBUS_RUNNER_SINK_PROMETHEUS_CATALOGUE_H

#include "runner/read/series/naming.h"
#include "runner/sink/prometheus/expo.h"
#include "runner/sink/prometheus/label_cache.h"
#include "runner/sink/text.h"

/* A source, and what scrapes keep of it. */
struct scrape_source {
	struct source *source; /* NULL: it was removed */
	struct sink_names names;
	struct label_cache *cache; /* NULL: none */
	uint64_t *distinct_id;	   /* by map: no two series up to this id read the same, ever */
	unsigned refs;
};
struct scrape_source *scrape_source_new(struct source *source, uint64_t cache_bytes);
/* The source may go; the reference of scrape_source_new() is given back. */
void scrape_source_remove(struct scrape_source *source);

struct catalogue_part {
	struct scrape_source *of;
	uint32_t map, family; /* index in the plan, and in the map's metric */
};

struct catalogue_family {
	struct expo_family head; /* its texts are owned */
	struct catalogue_part *parts;
	uint32_t nparts;
};

struct catalogue {
	struct catalogue_family *families;
	uint32_t nfamilies;
	unsigned refs;
};
struct catalogue *catalogue_new(const struct naming *naming, struct scrape_source *const *sources,
				size_t nsources);
struct catalogue *catalogue_ref(struct catalogue *catalogue);
void catalogue_unref(struct catalogue *catalogue); /* NULL is allowed */

#endif
