// SPDX-License-Identifier: Apache-2.0
/* The copies of a per-CPU value as the one value that a filter wants to see. */
#include "base/util.h"
#include "runner/read/raw.h"
#include "runner/read/collect/reader.h"

/* Adds up the fields that metrics add up: numbers, alone or in a list. A lone value is a
 * number whatever it means. */
static bool adds_up(const struct layout *layout, const struct field *field)
{
	struct field element = *field;

	element.count = 1;
	if (field_is_numeric(&element))
		return true;
	return layout->is_scalar && field->count == 1 &&
	       (raw_is_number(field) || field->kind == KIND_FLOAT);
}

static void put_bits(uint8_t *at, uint32_t skip, uint32_t bits, uint64_t number)
{
	uint32_t bytes = (skip + bits + 7) / 8;

	for (uint32_t i = 0; i < bits; i++) {
		bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
		uint32_t place = big ? 8 * bytes - skip - bits + i : skip + i;
		uint8_t *byte = &at[big ? bytes - 1 - place / 8 : place / 8];
		uint8_t bit = (uint8_t)(1u << place % 8);

		*byte = (uint8_t)(number >> i & 1 ? *byte | bit : *byte & ~bit);
	}
}

static void put_bytes(uint8_t *at, uint32_t bytes, uint64_t number)
{
	for (uint32_t i = 0; i < bytes; i++)
		at[__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? bytes - 1 - i : i] =
			(uint8_t)(i < 8 ? number >> (8 * i) : 0);
}

/* A sum that does not fit its field is held at the field's end: it has to stay large. */
static uint64_t add_whole(const struct field *f, const uint8_t *a, const uint8_t *b)
{
	uint64_t max;
	int64_t sum;

	if (f->size_bits == 0 || f->size_bits >= 64)
		return raw_u64(f, a) + raw_u64(f, b);
	max = (1ULL << (f->size_bits - (f->is_signed ? 1 : 0))) - 1;
	if (!f->is_signed)
		return MIN(raw_u64(f, a) + raw_u64(f, b), max);
	sum = raw_extend(raw_u64(f, a), f->size_bits) + raw_extend(raw_u64(f, b), f->size_bits);
	sum = MIN(sum, (int64_t)max);
	return (uint64_t)MAX(sum, -(int64_t)max - 1);
}

static void add_number(const struct field *f, uint8_t *to, const uint8_t *from)
{
	double v64 = raw_double(f, to) + raw_double(f, from);
	float v32 = (float)v64;

	if (f->kind == KIND_FLOAT && f->size_bits == 32)
		memcpy(to, &v32, sizeof(v32));
	else if (f->kind == KIND_FLOAT)
		memcpy(to, &v64, sizeof(v64));
	else if (f->is_bits)
		put_bits(to, f->off_bits % 8, f->size_bits, add_whole(f, to, from));
	else
		put_bytes(to, f->size_bits / 8, add_whole(f, to, from));
}

const uint8_t *reader_telling_copy(const struct reader *r, const uint8_t *values)
{
	uint32_t stride = reader_stride(r->map);

	for (uint32_t cpu = 0; r->map->per_cpu && cpu < r->env->cpus; cpu++)
		if (!raw_all_zero(values + (size_t)cpu * stride, r->map->value_bytes))
			return values + (size_t)cpu * stride;
	return values;
}

const uint8_t *reader_sum_cpus(struct reader *r, const uint8_t *values)
{
	const struct layout *layout = &r->map->value;
	const uint8_t *telling = reader_telling_copy(r, values);
	uint32_t stride = reader_stride(r->map);

	memcpy(r->summed, telling, r->map->value_bytes);
	for (uint32_t n = 0; n < layout->nfields; n++) {
		const struct field *f = &layout->fields[n];

		if (!adds_up(layout, f))
			continue;
		for (uint32_t cpu = 0; cpu < r->env->cpus; cpu++) {
			const uint8_t *copy = values + (size_t)cpu * stride;

			for (uint32_t i = 0; copy != telling && i < f->count; i++)
				add_number(f, (uint8_t *)raw_element(f, r->summed, i),
					   raw_element(f, copy, i));
		}
	}
	return r->summed;
}
