// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/histo.h"

#include <math.h>
#include "base/num.h"
#include "base/util.h"
#include "runner/sink/print/table_map.h"

struct heat {
	uint32_t nbuckets;
	uint32_t sample; /* the newest sample that has observations */
	uint32_t counts[];
};

double histo_quantile(const struct family *family, const union cell *cells, double q)
{
	uint64_t total = histogram_count(family, cells), seen = 0, here;
	double want = q * (double)total, low;

	if (!total || !family->nbounds)
		return NAN;
	for (uint32_t i = 0; i < family->nbounds; i++) {
		here = cells[family->cell + i].u;
		if (here && (double)(seen + here) >= want) {
			low = i ? (double)family->bounds[i - 1] : 0;
			return low + ((double)family->bounds[i] - low) *
					     ((want - (double)seen) / (double)here);
		}
		seen += here;
	}
	return INFINITY;
}

/* 1024 as 1Ki, for whole multiples; "k" and "M" are powers of ten on the same screen. */
static size_t round_number(char *dst, uint64_t value)
{
	static const char units[] = " KMGTPE";
	size_t unit = 0, len;

	while (value && value % 1024 == 0 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	len = num_u64(dst, value);
	if (unit) {
		dst[len++] = units[unit];
		dst[len++] = 'i';
	}
	return len;
}

/* "1.00ms" is "1ms", "2.50ms" is "2.5ms". */
static size_t without_zeros(char *text, size_t len)
{
	char *dot = memchr(text, '.', len), *from, *to;

	if (!dot)
		return len;
	for (from = dot + 1; from < text + len && *from >= '0' && *from <= '9';)
		from++;
	for (to = from; to[-1] == '0';)
		to--;
	if (to[-1] == '.')
		to--;
	memmove(to, from, (size_t)(text + len - from));
	return len - (size_t)(from - to);
}

size_t histo_number(char dst[HISTO_RANGE_ROOM / 2], const struct family *family, double value)
{
	struct field field = field_of_cell(family);
	union cell cell = { .u = value >= 0x1p64 ? UINT64_MAX : (uint64_t)(value + 0.5) };

	field.kind = KIND_UINT;
	field.is_signed = false;
	if (field.meaning == MEAN_NONE)
		return round_number(dst, cell.u);
	return without_zeros(dst, field_text(dst, &field, &cell, STYLE_TABLE, NULL));
}

size_t histo_range(char dst[HISTO_RANGE_ROOM], const struct family *family, uint32_t bucket)
{
	bool whole = family->shape == BOUNDS_LOG2, last = bucket >= family->nbounds;
	uint64_t high = last ? 0 : family->bounds[bucket], low;
	size_t len = 0;

	while (bucket && !last && family->bounds[bucket - 1] == high)
		bucket--;
	low = bucket ? family->bounds[bucket - 1] : 0;

	/* For whole numbers, an inclusive bound of 2^n - 1 is an exclusive bound of 2^n. */
	dst[len++] = whole || !bucket ? '[' : '(';
	len += histo_number(dst + len, family, (double)(low + (whole && bucket)));
	dst[len++] = ',';
	if (last)
		len += (size_t)snprintf(dst + len, HISTO_RANGE_ROOM - len, "inf");
	else
		len += histo_number(dst + len, family, (double)high + whole);
	dst[len++] = whole || last ? ')' : ']';
	dst[len] = '\0';
	return len;
}

size_t heat_bytes(const struct family *family)
{
	return sizeof(struct heat) +
	       (size_t)HEAT_SAMPLES * (family->nbounds + 1) * sizeof(uint32_t);
}

struct heat *heat_new(const struct family *family)
{
	struct heat *heat = xcalloc(1, heat_bytes(family));

	heat->nbuckets = family->nbounds + 1;
	return heat;
}

struct heat *heat_clone(const struct heat *heat)
{
	size_t bytes;

	if (!heat)
		return NULL;
	bytes = sizeof(*heat) + (size_t)HEAT_SAMPLES * heat->nbuckets * sizeof(uint32_t);
	return memcpy(xmalloc(bytes), heat, bytes);
}

void heat_free(struct heat *heat)
{
	free(heat);
}

static uint32_t *column_of(const struct heat *heat, uint32_t sample)
{
	return (uint32_t *)heat->counts + (size_t)(sample % HEAT_SAMPLES) * heat->nbuckets;
}

void heat_add(struct heat *heat, uint32_t sample, uint32_t bucket, uint64_t count)
{
	uint32_t *column = column_of(heat, sample);
	uint32_t oldest = sample >= HEAT_SAMPLES ? sample - HEAT_SAMPLES + 1 : 0;

	for (uint32_t s = MAX(heat->sample + 1, oldest); s <= sample; s++)
		memset(column_of(heat, s), 0, heat->nbuckets * sizeof(uint32_t));
	heat->sample = sample;
	column[bucket] = (uint32_t)MIN(column[bucket] + count, (uint64_t)UINT32_MAX);
}

uint32_t heat_at(const struct heat *heat, uint32_t sample, uint32_t bucket)
{
	if (sample > heat->sample || heat->sample - sample >= HEAT_SAMPLES)
		return 0;
	return column_of(heat, sample)[bucket];
}
