// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include "base/util.h"
#include "runner/sink/prometheus/catalogue.h"
#include "runner/sink/prometheus/merge.h"
#include "runner/sink/prometheus/scrape.h"
#include "runner/sink/prometheus/scrape_own.h"
#include "runner/sink/text.h"

#define BLOCK_ROWS 256u
#define BLOCK_LINES 1024u
#define BLOCK_BYTES (128u << 10)
/* Of one block's text; only labels of hundreds of kilobytes come near. */
#define TEXT_MAX_BYTES (256u << 20)
/* A family that is one message and grows beyond this goes on in another one. */
#define MESSAGE_BYTES (4u << 20)

struct scrape {
	struct scrape_opts opts;
	uint32_t family, part; /* in the catalogue */
	uint32_t own;
	/* Of the current map, while plan is not NULL. */
	struct scrape_source *of;
	uint32_t map;
	const struct metric_plan *plan;
	struct source_walk walk;
	struct expo_label *labels;
	const struct label **sources; /* in the order of output */
	char *values;		      /* the labels' texts, one after the other */
	struct strbuf set;	      /* the label set that was made last */
	bool lasting;		      /* they may be kept */
	bool leaves_out;	      /* an expression leaves rows out, whose set is empty */
	struct merge *merge;	      /* NULL: no two series read the same */
	/* Of the current family. */
	bool headed;
	size_t message; /* where the family's message begins in the text, while headed */
	struct strbuf text;
	size_t given; /* of text */
};

struct scrape *scrape_new(const struct scrape_opts *opts)
{
	struct scrape *scrape = xcalloc(1, sizeof(*scrape));

	scrape->opts = *opts;
	catalogue_ref(opts->catalogue);
	strbuf_init(&scrape->text, TEXT_MAX_BYTES);
	strbuf_init(&scrape->set, TEXT_MAX_BYTES);
	return scrape;
}

/* Messages are handed out whole. */
static bool in_message(const struct scrape *scrape)
{
	return scrape->headed && scrape->opts.format->family_end;
}

static void end_message(struct scrape *scrape)
{
	if (scrape->headed && scrape->opts.format->family_end)
		scrape->opts.format->family_end(&scrape->text, scrape->message);
	scrape->headed = false;
}

static void leave_map(struct scrape *scrape)
{
	if (!scrape->plan)
		return;
	source_walk_release(&scrape->walk);
	free(scrape->labels);
	free(scrape->sources);
	free(scrape->values);
	merge_free(scrape->merge);
	scrape->merge = NULL;
	scrape->plan = NULL;
}

void scrape_free(struct scrape *scrape)
{
	if (!scrape)
		return;
	leave_map(scrape);
	catalogue_unref(scrape->opts.catalogue);
	strbuf_release(&scrape->text);
	strbuf_release(&scrape->set);
	free(scrape);
}

/* A block's rows and its text are both bounded. */
static uint32_t block_rows(const struct metric_plan *plan)
{
	uint64_t lines = 1;

	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		if (plan->families[i].type == METRIC_HISTOGRAM)
			lines = MAX(lines, (uint64_t)plan->families[i].nbounds + 3);
	}
	return series_block_rows(plan, (uint32_t)MAX(MIN(BLOCK_LINES / lines, BLOCK_ROWS), 1),
				 BLOCK_BYTES);
}

/* Whether row i with this set is one of the exposition. */
static bool shows_row(const struct scrape *scrape, uint32_t i, struct expo_set set)
{
	return !(scrape->walk.rows.flags[i] & SERIES_GONE) && (set.len || !scrape->leaves_out);
}

/* The label set of row i, as it is kept or as it is now made; valid until the next one. */
static struct expo_set row_set(struct scrape *scrape, uint32_t i)
{
	const struct expo_format *format = scrape->opts.format;
	struct label_cache *cache = scrape->lasting ? scrape->of->cache : NULL;
	const struct series_rows *rows = &scrape->walk.rows;
	const struct source *source = scrape->of->source;
	bool several = source->several && !map_is_exact(scrape->plan->map);
	uint32_t n = scrape->plan->nlabels;
	char *at = scrape->values;
	struct expo_set set;

	if (cache &&
	    label_cache_get(cache, scrape->map, format->sets, rows->place[i], rows->id[i], &set))
		return set;
	for (uint32_t k = 0; k < n; k++) {
		const char *name = scrape->sources[k]->name;
		size_t len = label_text(at, scrape->sources[k], rows, i, STYLE_PLAIN,
					sink_names_get(&scrape->of->names));

		scrape->labels[k] =
			(struct expo_label){ several ? naming_beside_program(name) : name, at,
					     len };
		at += len;
	}
	if (several)
		scrape->labels[n++] = (struct expo_label){ NAMING_PROGRAM, source->program,
							   strlen(source->program) };
	strbuf_reset(&scrape->set);
	if (!scrape->leaves_out || !source_walk_leaves_out(&scrape->walk, i))
		format->labels(&scrape->set, scrape->labels, n);
	scrape->text.full |= scrape->set.full;
	set = (struct expo_set){ strbuf_str(&scrape->set), scrape->set.len };
	if (cache)
		label_cache_put(cache, scrape->map, format->sets, rows->place[i], rows->id[i], set);
	return set;
}

static bool next_rows(struct scrape *scrape)
{
	return source_walk_next(&scrape->walk);
}

/* Whether merge_all() saw all these series before, and no two of them read the same. */
static bool is_distinct(struct scrape *scrape)
{
	uint64_t last = scrape->of->distinct_id[scrape->map];
	bool distinct = scrape->lasting && last;

	while (distinct && next_rows(scrape))
		for (uint32_t i = 0; i < scrape->walk.rows.count; i++)
			distinct &= scrape->walk.rows.id[i] <= last;
	source_walk_begin(&scrape->walk);
	return distinct;
}

static void merge_all(struct scrape *scrape)
{
	const struct series_rows *rows = &scrape->walk.rows;
	uint64_t last = 0;
	uint32_t count = 0;

	scrape->merge = merge_new(scrape->plan);
	while (next_rows(scrape)) {
		for (uint32_t i = 0; i < rows->count; i++) {
			struct expo_set set = row_set(scrape, i);

			last = MAX(last, rows->id[i]);
			if (!shows_row(scrape, i, set))
				continue;
			merge_add(scrape->merge, set, row_cells(rows, i));
			count++;
		}
	}
	source_walk_begin(&scrape->walk);
	if (!scrape->lasting || merge_count(scrape->merge) < count)
		return;
	scrape->of->distinct_id[scrape->map] = last;
	merge_free(scrape->merge);
	scrape->merge = NULL;
}

static void enter_map(struct scrape *scrape, const struct catalogue_part *part)
{
	const struct map_plan *map = &part->of->source->plan->maps[part->map];
	size_t values = 1;

	scrape->of = part->of;
	scrape->map = part->map;
	scrape->plan = source_metric(part->of->source, map);
	source_walk_init(&scrape->walk, part->of->source, map, block_rows(scrape->plan));
	source_walk_begin(&scrape->walk);
	scrape->labels = xcalloc(scrape->plan->nlabels + 2, sizeof(*scrape->labels));
	scrape->sources = xcalloc(scrape->plan->nlabels + 1, sizeof(void *));
	scrape->lasting = true;
	for (uint32_t i = 0; i < scrape->plan->nlabels; i++) {
		scrape->sources[i] = &scrape->plan->labels[i];
		values += label_text_max(&scrape->plan->labels[i]);
		scrape->lasting &= field_text_is_lasting(&scrape->plan->labels[i].in_key);
	}
	naming_order(scrape->opts.naming, scrape->sources, scrape->plan->nlabels);
	scrape->values = xmalloc(values);
	/* The cache keeps rows that are left out with an empty set. */
	scrape->leaves_out = scrape->lasting && scrape->walk.drops;
	scrape->walk.drops = scrape->walk.drops && !scrape->lasting;
	if (series_may_read_same(scrape->of->source, scrape->plan) && !is_distinct(scrape))
		merge_all(scrape);
}

static struct expo_number number_of(const struct scrape *scrape, const struct family *family,
				    union cell cell)
{
	return (struct expo_number){ family->cell_type, cell,
				     naming_scale(scrape->opts.naming, family),
				     family->scale != 1 && map_is_exact(scrape->plan->map) };
}

static void add_row(struct scrape *scrape, const struct expo_family *head,
		    const struct family *family, struct expo_set set, uint32_t i)
{
	const struct expo_format *format = scrape->opts.format;
	const union cell *cells = row_cells(&scrape->walk.rows, i);

	if (scrape->merge) {
		cells = merge_take(scrape->merge, set, cells);
		if (!cells)
			return;
	}
	if (family->type == METRIC_HISTOGRAM) {
		struct expo_histogram histogram = {
			.bounds = family->bounds,
			.nbounds = family->nbounds,
			.scale = naming_scale(scrape->opts.naming, family),
			.as_product = family->scale != 1 && map_is_exact(scrape->plan->map),
			.counts = cells + family->cell,
			.has_sum = family_knows_sum(family, cells),
			.shape = family->shape,
			.sub_bits = family->sub_bits,
			.min_exponent = family->min_exponent,
		};

		if (histogram.has_sum)
			histogram.sum = number_of(scrape, family, histogram_sum(family, cells));
		format->histogram(&scrape->text, head, set, &histogram);
	} else {
		struct expo_number number = number_of(scrape, family, cells[family->cell]);

		format->number(&scrape->text, head, set, &number);
	}
}

/* The next block of rows. False: there is none after it. */
static bool add_block(struct scrape *scrape, const struct catalogue_family *in, uint32_t nth)
{
	const struct family *family = &scrape->plan->families[nth];
	bool more = next_rows(scrape);

	for (uint32_t i = 0; i < scrape->walk.rows.count; i++) {
		struct expo_set set = row_set(scrape, i);

		if (!shows_row(scrape, i, set))
			continue;
		if (!scrape->headed) {
			scrape->message = scrape->text.len;
			scrape->opts.format->family(&scrape->text, &in->head);
		}
		scrape->headed = true;
		add_row(scrape, &in->head, family, set, i);
	}
	if (in_message(scrape) && scrape->text.len - scrape->message > MESSAGE_BYTES)
		end_message(scrape);
	return more;
}

/* The current family's part of one map is over: the next part, or the next family. */
static void next_part(struct scrape *scrape)
{
	const struct catalogue_family *family = &scrape->opts.catalogue->families[scrape->family];

	if (scrape->plan) {
		source_walk_begin(&scrape->walk);
		if (scrape->merge)
			merge_next_round(scrape->merge);
	}
	if (++scrape->part < family->nparts)
		return;
	end_message(scrape);
	scrape->family++;
	scrape->part = 0;
}

static void add_part(struct scrape *scrape)
{
	const struct catalogue_family *family = &scrape->opts.catalogue->families[scrape->family];
	const struct catalogue_part *part = &family->parts[scrape->part];

	if (scrape->plan &&
	    (scrape->of != part->of || scrape->map != part->map || !scrape->of->source))
		leave_map(scrape);
	if (!part->of->source) {
		next_part(scrape);
		return;
	}
	if (!scrape->plan)
		enter_map(scrape, part);
	if (!add_block(scrape, family, part->family))
		next_part(scrape);
}

/* Makes some more text, or none. False: there is no more to come. */
static bool step(struct scrape *scrape)
{
	if (scrape->family < scrape->opts.catalogue->nfamilies) {
		add_part(scrape);
		return true;
	}
	leave_map(scrape);
	if (scrape_own(&scrape->text, scrape->own, &scrape->opts)) {
		scrape->own++;
		return true;
	}
	if (scrape->own != UINT32_MAX && scrape->opts.format->end)
		scrape->opts.format->end(&scrape->text);
	scrape->own = UINT32_MAX;
	return scrape->text.len;
}

ssize_t scrape_read(struct scrape *scrape, char *dst, size_t max)
{
	size_t n;

	while (scrape->given == scrape->text.len) {
		strbuf_reset(&scrape->text);
		scrape->given = 0;
		do {
			if (!step(scrape))
				return 0;
			if (scrape->text.full)
				return -E2BIG;
		} while (in_message(scrape));
	}
	n = MIN(max, scrape->text.len - scrape->given);
	memcpy(dst, scrape->text.buf + scrape->given, n);
	scrape->given += n;
	return n;
}
