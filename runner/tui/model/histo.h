/* SPDX-License-Identifier: Apache-2.0 */
/* Histograms: estimates of quantiles, texts of buckets, and observations over time. */
#ifndef BOMBUS_RUNNER_TUI_MODEL_HISTO_H
#define BOMBUS_RUNNER_TUI_MODEL_HISTO_H

#include <stdint.h>
#include "runner/read/series/metric.h"
#include "runner/tui/model/model.h"

/*
 * An estimate of the q-th quantile, linear within its bucket, in the field's unit. NaN: no
 * observations, or no bounds. INFINITY: above the last bound.
 */
double histo_quantile(const struct family *family, const union cell *cells, double q);

/* "(16,32]", or "[16,32)" for whole numbers with bounds of 2^n - 1; ends in NUL. Durations and
 * sizes have units. */
#define HISTO_RANGE_ROOM 80
size_t histo_range(char dst[HISTO_RANGE_ROOM], const struct family *family, uint32_t bucket);
/* One number in the form of the family's field. */
size_t histo_number(char dst[HISTO_RANGE_ROOM / 2], const struct family *family, double value);

/*
 * The observations in each bucket in each of the last samples. Sample numbers only grow; a sample
 * without observations is zero.
 */
#define HEAT_SAMPLES 120
struct heat;
size_t heat_bytes(const struct family *family);
struct heat *heat_new(const struct family *family);
struct heat *heat_clone(const struct heat *heat);
void heat_free(struct heat *heat);
void heat_add(struct heat *heat, uint32_t sample, uint32_t bucket, uint64_t count);
uint32_t heat_at(const struct heat *heat, uint32_t sample, uint32_t bucket);

/* What the screen shows of the first family of the selected row, in the arena. `label`: the name of
 * a family that has none. */
struct arena;
void histo_view(struct model_histogram *ret, struct arena *arena, const struct family *family,
		const char *label, const union cell *cells, bool utf8);
void heat_view(struct model_heatmap *ret, struct arena *arena, const struct family *family,
	       const char *label, const struct heat *heat, uint32_t now, uint32_t max_columns);

#endif
