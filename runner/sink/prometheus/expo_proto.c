// SPDX-License-Identifier: Apache-2.0
/*
 * Messages of io.prometheus.client.MetricFamily, each with its length before it. The numbers of
 * the fields are those of Prometheus' client model.
 *
 * Histograms with exponential bounds are native ones as well: sparse, at schema s a bucket i holds
 * (2^((i-1) / 2^s), 2^(i / 2^s)]. Powers of two are such bounds as they stand. Converted to other
 * units (microseconds to seconds) they are not: then a bucket's count stands in the native bucket
 * in its middle at a resolution four times as fine, which lies within it, so that whatever is
 * estimated from it is off by no more than the bucket that was counted.
 *
 * The lowest bucket, which holds 0, becomes the zero bucket, with the same width.
 */
#include <math.h>
#include "base/proto.h"
#include "base/util.h"
#include "runner/sink/prometheus/expo.h"

enum { FAMILY_NAME = 1, FAMILY_HELP, FAMILY_TYPE, FAMILY_METRIC, FAMILY_UNIT };
enum { METRIC_LABEL = 1, METRIC_AS_GAUGE, METRIC_AS_COUNTER, METRIC_AS_HISTOGRAM = 7 };
enum {
	HISTOGRAM_COUNT = 1,
	HISTOGRAM_SUM,
	HISTOGRAM_BUCKET,
	HISTOGRAM_SCHEMA = 5,
	HISTOGRAM_ZERO_THRESHOLD,
	HISTOGRAM_ZERO_COUNT,
	HISTOGRAM_SPAN = 12,
	HISTOGRAM_DELTA,
};

#define FINER_BITS 2

static void proto_family(struct strbuf *dst, const struct expo_family *family)
{
	static const uint8_t types[] = {
		[METRIC_COUNTER] = 0,
		[METRIC_GAUGE] = 1,
		[METRIC_HISTOGRAM] = 4,
	};

	proto_open_delimited(dst);
	proto_bytes(dst, FAMILY_NAME, family->name, strlen(family->name));
	proto_bytes(dst, FAMILY_HELP, family->help, strlen(family->help));
	proto_u64(dst, FAMILY_TYPE, types[family->type]);
	if (family->unit[0])
		proto_bytes(dst, FAMILY_UNIT, family->unit, strlen(family->unit));
}

static void proto_family_end(struct strbuf *dst, size_t at)
{
	proto_close(dst, at + 1);
}

static void proto_labels(struct strbuf *dst, const struct expo_label *labels, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		size_t pair = proto_open(dst, METRIC_LABEL), value;

		proto_bytes(dst, 1, labels[i].name, strlen(labels[i].name));
		value = proto_open(dst, 2);
		expo_add_value(dst, labels[i].text, labels[i].len, false);
		proto_close(dst, value);
		proto_close(dst, pair);
	}
}

static void proto_number(struct strbuf *dst, const struct expo_family *family, struct expo_set set,
			 const struct expo_number *number)
{
	size_t metric = proto_open(dst, FAMILY_METRIC), value;

	if (set.len)
		strbuf_add(dst, set.bytes, set.len);
	value = proto_open(dst,
			   family->type == METRIC_COUNTER ? METRIC_AS_COUNTER : METRIC_AS_GAUGE);
	proto_double(dst, 1, expo_double(number));
	proto_close(dst, value);
	proto_close(dst, metric);
}

static void add_classic(struct strbuf *dst, const struct expo_histogram *histogram)
{
	uint64_t cumulative = 0;

	for (uint32_t i = 0; i < histogram->nbounds; i++) {
		struct expo_number bound = { CELL_U64,
					     { .u = histogram->bounds[i] },
					     histogram->scale,
					     histogram->as_product };
		size_t bucket;

		cumulative += histogram->counts[i].u;
		if (!expo_shows_bound(histogram, i))
			continue;
		bucket = proto_open(dst, HISTOGRAM_BUCKET);
		proto_u64(dst, 1, cumulative);
		proto_double(dst, 2, expo_double(&bound));
		proto_close(dst, bucket);
	}
}

bool expo_native_is_exact(const struct expo_histogram *histogram, int *ret_shift)
{
	double mantissa = frexp(histogram->scale, ret_shift);

	*ret_shift -= 1;
	return mantissa == 0.5 && histogram->shape == BOUNDS_EXP2;
}

int expo_native_schema(const struct expo_histogram *histogram, bool exact)
{
	return histogram->sub_bits + (exact ? 0 : FINER_BITS);
}

/* The base-2 logarithm of bound i, and of what would be the next one behind the last. */
static double log_bound(const struct expo_histogram *histogram, uint32_t i)
{
	if (histogram->shape == BOUNDS_EXP2)
		return histogram->min_exponent + (double)i / (1u << histogram->sub_bits);
	if (i == histogram->nbounds)
		return log2((double)histogram->bounds[i - 1]) + 1;
	return log2((double)histogram->bounds[i]);
}

int64_t expo_native_index(const struct expo_histogram *histogram, uint32_t i, bool exact, int shift)
{
	double middle;

	if (exact)
		return ((int64_t)histogram->min_exponent + shift) * (1 << histogram->sub_bits) + i;
	middle = (log_bound(histogram, i - 1) + log_bound(histogram, i)) / 2;
	return (int64_t)ceil((middle + log2(histogram->scale)) *
			     (1 << (histogram->sub_bits + FINER_BITS)));
}

/* Spans are runs of buckets side by side; the next one that counts anything, from i on. */
static uint32_t next_counted(const struct expo_histogram *histogram, uint32_t i)
{
	while (i <= histogram->nbounds && !histogram->counts[i].u)
		i++;
	return i;
}

static void add_spans(struct strbuf *dst, const struct expo_histogram *histogram, bool exact,
		      int shift)
{
	uint32_t i = next_counted(histogram, 1);
	int64_t end = 0; /* of the span before */

	while (i <= histogram->nbounds) {
		int64_t start = expo_native_index(histogram, i, exact, shift), at = start;
		size_t span = proto_open(dst, HISTOGRAM_SPAN);

		do {
			at++;
			i = next_counted(histogram, i + 1);
		} while (i <= histogram->nbounds &&
			 expo_native_index(histogram, i, exact, shift) == at);
		proto_sint(dst, 1, start - end);
		proto_u64(dst, 2, (uint64_t)(at - start));
		proto_close(dst, span);
		end = at;
	}
}

static void add_native(struct strbuf *dst, const struct expo_histogram *histogram)
{
	struct expo_number lowest = {
		CELL_U64, { .u = histogram->bounds[0] }, histogram->scale, histogram->as_product
	};
	int shift;
	bool exact = expo_native_is_exact(histogram, &shift);
	int64_t before = 0;
	size_t deltas;

	proto_sint(dst, HISTOGRAM_SCHEMA, expo_native_schema(histogram, exact));
	proto_double(dst, HISTOGRAM_ZERO_THRESHOLD, expo_double(&lowest));
	proto_u64(dst, HISTOGRAM_ZERO_COUNT, histogram->counts[0].u);
	add_spans(dst, histogram, exact, shift);
	deltas = proto_open(dst, HISTOGRAM_DELTA);
	for (uint32_t i = next_counted(histogram, 1); i <= histogram->nbounds;
	     i = next_counted(histogram, i + 1)) {
		int64_t count = (int64_t)histogram->counts[i].u;

		proto_varint(dst, proto_zigzag(count - before));
		before = count;
	}
	proto_close(dst, deltas);
}

static void proto_histogram(struct strbuf *dst, const struct expo_family *family,
			    struct expo_set set, const struct expo_histogram *histogram)
{
	size_t metric = proto_open(dst, FAMILY_METRIC), value;
	uint64_t count = 0;

	for (uint32_t i = 0; i <= histogram->nbounds; i++)
		count += histogram->counts[i].u;
	if (set.len)
		strbuf_add(dst, set.bytes, set.len);
	value = proto_open(dst, METRIC_AS_HISTOGRAM);
	proto_u64(dst, HISTOGRAM_COUNT, count);
	if (histogram->has_sum)
		proto_double(dst, HISTOGRAM_SUM, expo_double(&histogram->sum));
	add_classic(dst, histogram);
	if (histogram->shape != BOUNDS_OTHER)
		add_native(dst, histogram);
	proto_close(dst, value);
	proto_close(dst, metric);
}

const struct expo_format expo_protobuf = {
	.content_type = "application/vnd.google.protobuf; "
			"proto=io.prometheus.client.MetricFamily; encoding=delimited",
	.family = proto_family,
	.sets = EXPO_SETS_PROTOBUF,
	.labels = proto_labels,
	.number = proto_number,
	.histogram = proto_histogram,
	.family_end = proto_family_end,
};
