// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include "base/arena.h"
#include "base/util.h"
#include "runner/sink/print/grid.h"
#include "runner/sink/print/table_map.h"
#include "runner/sink/text.h"
#include "runner/tui/model/histo.h"
#include "runner/tui/model/shorts.h"

static const struct {
	const char *name;
	double q;
} quantiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 } };

/* Buckets of equal bounds are shown as one, the last, with the observations of all. */
static bool next_bucket(const struct family *family, const union cell *cells, uint32_t *bucket,
			uint64_t *ret)
{
	*ret = 0;
	while (*bucket <= family->nbounds) {
		*ret += cells[family->cell + *bucket].u;
		if (family_shows_bound(family, (*bucket)++))
			return true;
	}
	return false;
}

/* "p50" for the bucket that has its estimate, "p50 p90" for two. */
static const char *note_of(struct arena *arena, uint64_t before, uint64_t count, uint64_t total)
{
	const char *note = "";

	for (size_t i = 0; i < ARRAY_LEN(quantiles); i++) {
		double want = quantiles[i].q * (double)total;

		if (count && want > (double)before && want <= (double)(before + count))
			note = note[0] ? arena_printf(arena, "%s %s", note, quantiles[i].name)
				       : quantiles[i].name;
	}
	return note;
}

static const char *summary_of(struct arena *arena, const struct family *family,
			      const union cell *cells, uint64_t total, bool utf8)
{
	const char *about = utf8 ? "≈" : "~";
	char text[HISTO_RANGE_ROOM];
	const char *ret;

	short_commas(text, total);
	ret = arena_printf(arena, "n=%s", text);
	for (size_t i = 0; i < ARRAY_LEN(quantiles) && family->nbounds && total; i++) {
		double value = histo_quantile(family, cells, quantiles[i].q);
		bool above = isinf(value);
		size_t len;

		if (above)
			value = (double)family->bounds[family->nbounds - 1];
		len = histo_number(text, family, value);
		ret = arena_printf(arena, "%s  %s%s %s%.*s", ret, about, quantiles[i].name,
				   above ? ">" : "", (int)len, text);
	}
	return ret;
}

static uint32_t cells_of(const char *text)
{
	return text_cells(text, strlen(text));
}

static const char *title_of(struct arena *arena, const struct family *family, const char *label)
{
	struct field field = field_of_cell(family);
	_cleanup_free_ char *title = field_title(&field, family->base[0] ? family->base : label);

	return arena_strdup(arena, title);
}

void histo_view(struct model_histogram *ret, struct arena *arena, const struct family *family,
		const char *label, const union cell *cells, bool utf8)
{
	uint64_t total = histogram_count(family, cells), most = 0, seen = 0, count;
	uint32_t first = UINT32_MAX, last = 0, bucket;

	*ret = (struct model_histogram){ .title = title_of(arena, family, label) };
	ret->summary = summary_of(arena, family, cells, total, utf8);
	for (bucket = 0; next_bucket(family, cells, &bucket, &count);) {
		if (!count)
			continue;
		first = MIN(first, bucket - 1);
		last = bucket - 1;
		most = MAX(most, count);
	}
	ret->lines = arena_array(arena, struct histogram_line, family->nbounds + 1);
	for (bucket = 0; next_bucket(family, cells, &bucket, &count);) {
		struct histogram_line *line = &ret->lines[ret->nlines];
		char text[HISTO_RANGE_ROOM];

		if (bucket - 1 < first || bucket - 1 > last)
			continue;
		ret->nlines++;
		histo_range(text, family, bucket - 1);
		line->range = arena_strdup(arena, text);
		short_commas(text, count);
		line->count = arena_strdup(arena, text);
		line->note = note_of(arena, seen, count, total);
		seen += count;
		line->cumulative =
			arena_printf(arena, "%.1f%%", 100 * (double)seen / (double)total);
		line->part = (double)count / (double)most;
		ret->range_cells = MAX(ret->range_cells, cells_of(line->range));
		ret->count_cells = MAX(ret->count_cells, cells_of(line->count));
		ret->cumulative_cells = MAX(ret->cumulative_cells, cells_of(line->cumulative));
	}
}

/* Logarithmic, so that few observations are visible beside very many. */
static uint8_t heat_of(uint32_t count, uint32_t most)
{
	double part;

	if (!count)
		return 0;
	part = most > 1 ? log((double)count) / log((double)most) : 1;
	return (uint8_t)(1 + part * (HEAT_MAX - 1) + 0.5);
}

void heat_view(struct model_heatmap *ret, struct arena *arena, const struct family *family,
	       const char *label, const struct heat *heat, uint32_t now, uint32_t max_columns)
{
	uint32_t n = MIN(MIN(max_columns, (uint32_t)HEAT_SAMPLES), now), most = 0;
	uint32_t first = UINT32_MAX, last = 0;
	uint8_t *cells;

	*ret = (struct model_heatmap){ .title = title_of(arena, family, label), .ncolumns = n };
	for (uint32_t b = 0; b <= family->nbounds; b++) {
		for (uint32_t c = 0; c < n; c++) {
			uint32_t count = heat_at(heat, now - c, b);

			most = MAX(most, count);
			if (count) {
				first = MIN(first, b);
				last = b;
			}
		}
	}
	if (first == UINT32_MAX)
		return;
	ret->nrows = last - first + 1;
	ret->ranges = arena_array(arena, const char *, ret->nrows);
	cells = arena_array(arena, uint8_t, (size_t)ret->nrows * n + 1);
	ret->heat = cells;
	for (uint32_t r = 0; r < ret->nrows; r++) {
		uint32_t bucket = last - r;
		char text[HISTO_RANGE_ROOM];

		histo_range(text, family, bucket);
		ret->ranges[r] = arena_strdup(arena, text);
		ret->range_cells = MAX(ret->range_cells, cells_of(text));
		for (uint32_t c = 0; c < n; c++)
			cells[(size_t)r * n + c] =
				heat_of(heat_at(heat, now - (n - 1 - c), bucket), most);
	}
}
