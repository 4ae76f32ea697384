// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include "base/util.h"
#include "runner/sink/prometheus/expo.h"
#include "runner/sink/otlp/otlp_points.h"
#include "runner/sink/text.h"

/* Field numbers and names of opentelemetry/proto/metrics/v1/metrics.proto. */
#define NUMBER_DOUBLE OTLP_KEY(4, "asDouble")
#define NUMBER_INT OTLP_KEY(6, "asInt")
#define HISTOGRAM_COUNT OTLP_KEY(4, "count")
#define HISTOGRAM_SUM OTLP_KEY(5, "sum")
#define HISTOGRAM_COUNTS OTLP_KEY(6, "bucketCounts")
#define HISTOGRAM_BOUNDS OTLP_KEY(7, "explicitBounds")
#define EXPONENTIAL_SCALE OTLP_KEY(6, "scale")
#define EXPONENTIAL_ZERO OTLP_KEY(7, "zeroCount")
#define EXPONENTIAL_POSITIVE OTLP_KEY(8, "positive")
#define EXPONENTIAL_THRESHOLD OTLP_KEY(14, "zeroThreshold")
#define BUCKETS_OFFSET OTLP_KEY(1, "offset")
#define BUCKETS_COUNTS OTLP_KEY(2, "bucketCounts")

/* Integers stay exact, where they are integers. */
void otlp_put_number(struct otlp_writer *w, const struct family *family, union cell cell)
{
	const struct expo_number number = { family->cell_type, cell, family->scale };
	bool is_int = number.scale == 1 && number.type != CELL_DOUBLE;

	if (is_int && (number.type == CELL_I64 || cell.u <= INT64_MAX))
		otlp_sfixed64(w, NUMBER_INT, cell.i);
	else
		otlp_double(w, NUMBER_DOUBLE, expo_double(&number));
}

static double bound_of(const struct family *family, uint32_t i)
{
	const struct expo_number bound = { CELL_U64, { .u = family->bounds[i] }, family->scale };

	return expo_double(&bound);
}

static void put_count_and_sum(struct otlp_writer *w, const struct family *family,
			      const union cell *cells)
{
	const struct expo_number sum = { family->cell_type, histogram_sum(family, cells),
					 family->scale };

	otlp_fixed64(w, HISTOGRAM_COUNT, histogram_count(family, cells));
	if (family_knows_sum(family, cells))
		otlp_double(w, HISTOGRAM_SUM, expo_double(&sum));
}

/* Of equal bounds the last one is shown, with the counts of all. */
void otlp_put_explicit(struct otlp_writer *w, const struct family *family, const union cell *cells)
{
	uint64_t count = 0;
	size_t packed;

	put_count_and_sum(w, family, cells);
	packed = otlp_packed(w, HISTOGRAM_COUNTS);
	for (uint32_t i = 0; i <= family->nbounds; i++) {
		count += cells[family->cell + i].u;
		if (i < family->nbounds && !family_shows_bound(family, i))
			continue;
		otlp_packed_fixed64(w, count);
		count = 0;
	}
	otlp_packed_end(w, packed);
	packed = otlp_packed(w, HISTOGRAM_BOUNDS);
	for (uint32_t i = 0; i < family->nbounds; i++)
		if (family_shows_bound(family, i))
			otlp_packed_double(w, bound_of(family, i));
	otlp_packed_end(w, packed);
}

/* OTLP's bucket n holds what is Prometheus' native bucket n + 1. Those between that count nothing
 * are written as well: they stand side by side here. */
static void put_buckets(struct otlp_writer *w, const struct expo_histogram *histogram, bool exact,
			int shift)
{
	uint32_t first = 1, last = histogram->nbounds;
	size_t buckets, packed;
	int64_t at;

	while (first <= last && !histogram->counts[first].u)
		first++;
	while (last > first && !histogram->counts[last].u)
		last--;
	if (first > last)
		return;
	buckets = otlp_message(w, EXPONENTIAL_POSITIVE);
	at = expo_native_index(histogram, first, exact, shift);
	otlp_sint32(w, BUCKETS_OFFSET, (int32_t)at - 1);
	packed = otlp_packed(w, BUCKETS_COUNTS);
	for (uint32_t i = first; i <= last; i++) {
		int64_t index = expo_native_index(histogram, i, exact, shift);

		for (; at < index; at++)
			otlp_packed_uint64(w, 0);
		otlp_packed_uint64(w, histogram->counts[i].u);
		at++;
	}
	otlp_packed_end(w, packed);
	otlp_end(w, buckets);
}

void otlp_put_exponential(struct otlp_writer *w, const struct family *family,
			  const union cell *cells)
{
	const struct expo_histogram histogram = {
		.bounds = family->bounds,
		.nbounds = family->nbounds,
		.scale = family->scale,
		.counts = cells + family->cell,
		.shape = family->shape,
		.sub_bits = family->sub_bits,
		.min_exponent = family->min_exponent,
	};
	int shift;
	bool exact = expo_native_is_exact(&histogram, &shift);

	put_count_and_sum(w, family, cells);
	otlp_sint32(w, EXPONENTIAL_SCALE, expo_native_schema(&histogram, exact));
	otlp_fixed64(w, EXPONENTIAL_ZERO, histogram.counts[0].u);
	put_buckets(w, &histogram, exact, shift);
	otlp_double(w, EXPONENTIAL_THRESHOLD, bound_of(family, 0));
}
