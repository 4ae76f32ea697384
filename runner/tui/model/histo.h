/* SPDX-License-Identifier: Apache-2.0 */
/* Histograms: estimates, the text of their buckets, and how they filled over time. */
#ifndef BOMBUS_RUNNER_TUI_MODEL_HISTO_H
#define BOMBUS_RUNNER_TUI_MODEL_HISTO_H

#include <stdint.h>
#include "runner/read/series/metric.h"
#include "runner/tui/model/model.h"

/*
 * An estimate of the q-th quantile, straight within its bucket; in the field's unit. NaN: nothing
 * was observed, or there are no bounds. INFINITY: above the last bound.
 */
double histo_quantile(const struct family *family, const union cell *cells, double q);

/* "(16,32]", or "[16,32)" where whole powers of two come out that way; NUL-ended. Half open,
 * durations and sizes with units. */
#define HISTO_RANGE_ROOM 80
size_t histo_range(char dst[HISTO_RANGE_ROOM], const struct family *family, uint32_t bucket);
/* One number as the family's field would be shown. */
size_t histo_number(char dst[HISTO_RANGE_ROOM / 2], const struct family *family, double value);

/*
 * How much came into each bucket in each of the last samples. Samples are numbers that grow; what
 * was not added to is zero.
 */
#define HEAT_SAMPLES 120
struct heat;
size_t heat_bytes(const struct family *family);
struct heat *heat_new(const struct family *family);
struct heat *heat_clone(const struct heat *heat);
void heat_free(struct heat *heat);
void heat_add(struct heat *heat, uint32_t sample, uint32_t bucket, uint64_t count);
uint32_t heat_at(const struct heat *heat, uint32_t sample, uint32_t bucket);

/* What the screen shows of one, in the arena. The cursor's row; of its first family. */
struct arena;
void histo_view(struct model_histogram *ret, struct arena *arena, const struct family *family,
		const union cell *cells, bool utf8);
void heat_view(struct model_heatmap *ret, struct arena *arena, const struct family *family,
	       const struct heat *heat, uint32_t now, uint32_t max_columns);

#endif
