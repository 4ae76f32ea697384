// SPDX-License-Identifier: Apache-2.0
/*
 * Running the recipes. Making keys is done for each event: the steps are few (neighbours were
 * merged), each is a handful of unaligned loads and stores, and no function is called for what is
 * short. A copy of an odd length is two copies that overlap; text is cleaned a word at a time:
 * the first NUL's bit makes the mask for what is behind it.
 */
#include "runner/read/series/metric_plan.h"

#include <endian.h>
#include <netinet/in.h>
#include <string.h>

#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/text/decode.h"
#include "runner/read/series/relabel.h"

typedef uint64_t pair __attribute__((vector_size(16), aligned(1), may_alias));

#define LOW_BITS 0x0101010101010101ull
#define HIGH_BITS 0x8080808080808080ull

static inline uint64_t load_64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store_64(void *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline uint32_t load_32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store_32(void *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void copy_16(void *dst, const void *src)
{
	*(pair *)dst = *(const pair *)src;
}

/* All ones below the first zero byte of a word in little-endian order, none from there on. */
static inline uint64_t text_mask(uint64_t word)
{
	uint64_t zero = (word - LOW_BITS) & ~word & HIGH_BITS;

	/* The lowest marked bit is right even where a borrow made false marks above it. */
	return zero ? ((zero & -zero) >> 7) - 1 : ~0ull;
}

static inline void text_16(uint8_t *dst, const uint8_t *src)
{
	uint64_t low = le64toh(load_64(src)), high = le64toh(load_64(src + 8));
	uint64_t mask = text_mask(low);

	store_64(dst, htole64(low & mask));
	high &= text_mask(high);
	store_64(dst + 8, htole64(mask == ~0ull ? high : 0));
}

static void text_short(uint8_t *dst, const uint8_t *src, uint32_t len)
{
	uint8_t alive = 0xff;

	for (uint32_t i = 0; i < len; i++) {
		alive = src[i] ? alive : 0;
		dst[i] = src[i] & alive;
	}
}

static void text_any(uint8_t *dst, const uint8_t *src, uint32_t len)
{
	uint32_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t word = le64toh(load_64(src + i));
		uint64_t mask = text_mask(word);

		store_64(dst + i, htole64(word & mask));
		if (mask != ~0ull) {
			memset(dst + i + 8, 0, len - i - 8);
			return;
		}
	}
	text_short(dst + i, src + i, len - i);
}

static void copy_long(uint8_t *dst, const uint8_t *src, uint32_t len)
{
	uint32_t last = len - 16;

	for (uint32_t i = 0; i < last; i += 16)
		copy_16(dst + i, src + i);
	copy_16(dst + last, src + last);
}

/* In the key: 16 bytes of address, of which IPv4 uses 4, then the family. */
static void copy_ip(uint8_t *dst, const uint8_t *src, const struct field *field)
{
	uint64_t family = 0;
	uint8_t *bytes = (uint8_t *)&family;

	for (uint32_t i = 0; i < field->family_bytes && i < sizeof(family); i++) {
		uint32_t at = __BYTE_ORDER == __LITTLE_ENDIAN
				      ? i
				      : (uint32_t)sizeof(family) - field->family_bytes + i;

		bytes[at] = src[field->family_at + i];
		dst[LAYOUT_IP_BYTES + i] = src[field->family_at + i];
	}
	copy_16(dst, src + field->addr_at);
	if (family == AF_INET || family == 4)
		memset(dst + 4, 0, LAYOUT_IP_BYTES - 4);
}

static inline __attribute__((always_inline)) void
run_step(enum step_op op, const struct metric_step *step, const void *part, uint8_t *dst)
{
	const uint8_t *src = (const uint8_t *)part + step->src;
	uint32_t len = step->len;

	switch (op) {
	case STEP_COPY_1:
		*dst = *src;
		break;
	case STEP_COPY_2:
		memcpy(dst, src, 2);
		break;
	case STEP_COPY_4:
		store_32(dst, load_32(src));
		break;
	case STEP_COPY_8:
		store_64(dst, load_64(src));
		break;
	case STEP_COPY_16:
		copy_16(dst, src);
		break;
	case STEP_COPY_3_TO_8:
		if (len == 3) {
			memcpy(dst, src, 3);
			break;
		}
		store_32(dst, load_32(src));
		store_32(dst + len - 4, load_32(src + len - 4));
		break;
	case STEP_COPY_8_TO_16:
		store_64(dst, load_64(src));
		store_64(dst + len - 8, load_64(src + len - 8));
		break;
	case STEP_COPY_16_TO_32:
		copy_16(dst, src);
		copy_16(dst + len - 16, src + len - 16);
		break;
	case STEP_COPY_LONG:
		copy_long(dst, src, len);
		break;
	case STEP_TEXT_16:
		text_16(dst, src);
		break;
	case STEP_TEXT:
		text_any(dst, src, len);
		break;
	case STEP_IP:
		copy_ip(dst, src, step->field);
		break;
	case STEP_NUMBER:
		store_64(dst, step->field->is_signed ? (uint64_t)field_i64(step->field, part, 0)
						     : field_u64(step->field, part, 0));
		break;
	case STEP_RELABEL:
		relabel_run(step->relabel, part, dst);
		break;
	}
}

void metric_key(const struct metric_plan *plan, const struct record *record, void *dst)
{
	const struct metric_step *step = plan->steps, *end = step + plan->nsteps;

	for (; step < end; step++)
		run_step((enum step_op)step->op, step, record->part[step->part],
			 (uint8_t *)dst + step->dst);
}

/* A step of many records: what kind it is is asked once. */
static void run_steps(const struct metric_step *step, const void *const *values, uint32_t count,
		      uint8_t *dst, size_t stride)
{
#define CASE(op)                                                                                   \
	case op:                                                                                   \
		for (uint32_t i = 0; i < count; i++)                                               \
			run_step(op, step, values[i], dst + i * stride);                           \
		break

	switch ((enum step_op)step->op) {
		CASE(STEP_COPY_1);
		CASE(STEP_COPY_2);
		CASE(STEP_COPY_4);
		CASE(STEP_COPY_8);
		CASE(STEP_COPY_16);
		CASE(STEP_COPY_3_TO_8);
		CASE(STEP_COPY_8_TO_16);
		CASE(STEP_COPY_16_TO_32);
		CASE(STEP_COPY_LONG);
		CASE(STEP_TEXT_16);
		CASE(STEP_TEXT);
		CASE(STEP_IP);
		CASE(STEP_NUMBER);
		CASE(STEP_RELABEL);
	}
#undef CASE
}

void metric_keys(const struct metric_plan *plan, const void *const *values, uint32_t count,
		 void *dst, size_t stride)
{
	const struct metric_step *step = plan->steps, *end = step + plan->nsteps;

	for (; step < end; step++)
		run_steps(step, values, count, (uint8_t *)dst + step->dst, stride);
}

static uint8_t copy_op(uint32_t len)
{
	switch (len) {
	case 1:
		return STEP_COPY_1;
	case 2:
		return STEP_COPY_2;
	case 4:
		return STEP_COPY_4;
	case 8:
		return STEP_COPY_8;
	case 16:
		return STEP_COPY_16;
	}
	return len < 8	  ? STEP_COPY_3_TO_8
	       : len < 16 ? STEP_COPY_8_TO_16
	       : len < 32 ? STEP_COPY_16_TO_32
			  : STEP_COPY_LONG;
}

static bool is_copy(const struct metric_step *step)
{
	return step->op <= STEP_COPY_LONG;
}

/* Adds a step behind the last, or makes the last longer where both are one run of bytes. */
static void add_step(struct metric_plan *plan, struct metric_step step)
{
	struct metric_step *end = plan->steps + plan->nsteps;
	struct metric_step *last = plan->nsteps ? end - 1 : end;

	if (plan->nsteps && is_copy(last) && is_copy(&step) && last->part == step.part &&
	    last->src + last->len == step.src && last->dst + last->len == step.dst) {
		last->len += step.len;
		last->op = copy_op(last->len);
		return;
	}
	*end = step;
	plan->nsteps++;
}

/* Lays the label's field into the key at `dst`, and says in in_key what it is there. */
void metric_steps_label(struct metric_plan *plan, struct label *label, uint32_t dst)
{
	const struct field *field = label->field;
	uint32_t bytes = field->size_bits / 8;
	struct metric_step step = {
		.src = field->off_bits / 8,
		.dst = dst,
		.len = bytes,
		.part = label->part,
		.field = field,
	};

	label->in_key = *field;
	label->in_key.off_bits = dst * 8;
	if (field->is_bits) {
		bool last_byte = field->kind == KIND_BOOL && __BYTE_ORDER == __BIG_ENDIAN;

		step.op = STEP_NUMBER;
		step.len = 8;
		label->in_key.is_bits = false;
		label->in_key.size_bits = field->kind == KIND_BOOL ? 8 : 64;
		label->in_key.off_bits += last_byte ? 56 : 0;
		add_step(plan, step);
		return;
	}
	if (field->meaning == MEAN_IP) {
		step.op = STEP_IP;
		step.len = LAYOUT_IP_BYTES + field->family_bytes;
		label->in_key.size_bits = step.len * 8;
		label->in_key.addr_at = 0;
		label->in_key.family_at = LAYOUT_IP_BYTES;
	} else if (field->kind == KIND_TEXT) {
		step.op = bytes == 16 ? STEP_TEXT_16 : STEP_TEXT;
	} else {
		step.len = bytes * field->count;
		step.op = copy_op(step.len);
		add_step(plan, step);
		return;
	}
	for (uint32_t i = 0; i < field->count; i++) {
		add_step(plan, step);
		step.src += bytes;
		step.dst += step.len;
	}
}

void metric_steps_relabel(struct metric_plan *plan, struct label *label, uint32_t dst,
			  struct relabel *relabel)
{
	label->in_key = *label->field;
	label->in_key.off_bits = dst * 8;
	label->in_key.size_bits = RELABEL_BYTES * 8;
	label->in_key.count = 1;
	label->in_key.kind = KIND_TEXT;
	label->in_key.meaning = MEAN_NONE;
	label->in_key.decoders = NULL;
	label->in_key.is_bits = label->in_key.is_signed = false;
	add_step(plan, (struct metric_step){ .dst = dst,
					     .len = RELABEL_BYTES,
					     .part = label->part,
					     .op = STEP_RELABEL,
					     .field = label->field,
					     .relabel = relabel });
}

uint8_t metric_value_op(const struct field *field)
{
	bool is_signed = field->is_signed;

	if (field_net_bits(field) && field->count == 1)
		return VALUE_FIELD_U;
	if (field->is_bits)
		return is_signed ? VALUE_FIELD_I : VALUE_FIELD_U;
	if (field->kind == KIND_FLOAT)
		return field->size_bits == 32	? VALUE_F32
		       : field->size_bits == 64 ? VALUE_F64
						: VALUE_FIELD_D;
	switch (field->size_bits) {
	case 8:
		return is_signed ? VALUE_I8 : VALUE_U8;
	case 16:
		return is_signed ? VALUE_I16 : VALUE_U16;
	case 32:
		return is_signed ? VALUE_I32 : VALUE_U32;
	case 64:
		return is_signed ? VALUE_I64 : VALUE_U64;
	}
	return VALUE_FIELD_D;
}

enum cell_type metric_value_cell(uint8_t op)
{
	switch ((enum value_op)op) {
	case VALUE_I8:
	case VALUE_I16:
	case VALUE_I32:
	case VALUE_I64:
	case VALUE_FIELD_I:
		return CELL_I64;
	case VALUE_F32:
	case VALUE_F64:
	case VALUE_FIELD_D:
		return CELL_DOUBLE;
	default:
		return CELL_U64;
	}
}

#define LOAD(type)                                                                                 \
	({                                                                                         \
		type _v;                                                                           \
		memcpy(&_v, src, sizeof(_v));                                                      \
		_v;                                                                                \
	})

/* One number, in the form of its cell. `i` is its place in the field's list. */
static inline union cell load_value(const struct metric_value *value, const uint8_t *base,
				    uint32_t i)
{
	const uint8_t *src = base + value->src;

	switch ((enum value_op)value->op) {
	case VALUE_U8:
		return (union cell){ .u = src[i] };
	case VALUE_U16:
		src += 2 * (size_t)i;
		return (union cell){ .u = LOAD(uint16_t) };
	case VALUE_U32:
		src += 4 * (size_t)i;
		return (union cell){ .u = LOAD(uint32_t) };
	case VALUE_U64:
	case VALUE_I64:
		src += 8 * (size_t)i;
		return (union cell){ .u = LOAD(uint64_t) };
	case VALUE_I8:
		return (union cell){ .i = (int8_t)src[i] };
	case VALUE_I16:
		src += 2 * (size_t)i;
		return (union cell){ .i = LOAD(int16_t) };
	case VALUE_I32:
		src += 4 * (size_t)i;
		return (union cell){ .i = LOAD(int32_t) };
	case VALUE_F32:
		src += 4 * (size_t)i;
		return (union cell){ .d = LOAD(float) };
	case VALUE_F64:
		src += 8 * (size_t)i;
		return (union cell){ .d = LOAD(double) };
	case VALUE_FIELD_U:
		return (union cell){ .u = field_u64(value->field, base, i) };
	case VALUE_FIELD_I:
		return (union cell){ .i = field_i64(value->field, base, i) };
	case VALUE_FIELD_D:
		return (union cell){ .d = field_double(value->field, base, i) };
	case VALUE_ONE:
		break;
	}
	return (union cell){ .u = 1 };
}

static inline void add_value(const struct metric_value *value, const void *base, union cell *dst)
{
	dst += value->cell;
	for (uint32_t i = 0; i < value->n; i++) {
		union cell v = load_value(value, base, i);

		if (value->set || value->op == VALUE_ONE)
			dst[i] = v;
		else if (metric_value_cell(value->op) == CELL_DOUBLE)
			dst[i].d += v.d;
		else
			dst[i].u += v.u;
	}
}

/* The cell that the key of an entry chooses. */
static uint32_t key_cell(const struct metric_plan *plan, const struct record *record)
{
	const struct family *family = &plan->families[0];
	uint64_t bucket = field_u64(plan->observe, record->part[PART_KEY], 0);

	if (plan->sum_bucket && bucket == plan->sum_bucket)
		return family->cell + family->nbounds + 1;
	if (plan->bucket_is_bound)
		return family->cell + metric_bucket(family, bucket);
	bucket = bucket > plan->first_bucket ? bucket - plan->first_bucket : 0;
	return family->cell + (uint32_t)MIN(bucket, (uint64_t)family->nbounds);
}

void metric_cells(const struct metric_plan *plan, const struct record *record, uint32_t cpus,
		  union cell *dst)
{
	const uint8_t *value = record->part[PART_VALUE];
	size_t stride = (record->value_bytes + 7) & ~(size_t)7;

	if (plan->kind == METRIC_HIST_KEY) {
		const struct family *family = &plan->families[0];
		uint32_t cell = key_cell(plan, record);

		if (family->sum_optional && cell == family->cell + family->nbounds + 1)
			dst[cell + 1].u++;
		dst += cell;
	}
	for (uint32_t cpu = 0; cpu < cpus; cpu++, value += stride)
		for (uint32_t i = 0; i < plan->nvalues; i++)
			add_value(&plan->values[i], value, dst);
}

/* What a histogram counts and adds up: whole numbers from 0 on. */
static uint64_t observed(const struct field *field, const void *value)
{
	double number;

	if (field->kind != KIND_FLOAT && field->size_bits <= 64) {
		int64_t n;

		if (!field->is_signed)
			return field_u64(field, value, 0);
		n = field_i64(field, value, 0);
		return n > 0 ? (uint64_t)n : 0;
	}
	number = field_double(field, value, 0);
	/* Rounded up, so that it is counted under the right inclusive bound. Not a number: 0. */
	if (!(number > 0))
		return 0;
	if (number >= 0x1p64)
		return UINT64_MAX;
	return (uint64_t)number + ((double)(uint64_t)number < number);
}

void metric_event(const struct metric_plan *plan, const struct record *record, union cell *dst)
{
	const void *value = record->part[PART_VALUE];

	if (plan->kind == METRIC_HIST_EVENTS) {
		const struct family *family = &plan->families[0];
		uint64_t v = observed(plan->observe, value);

		dst[family->cell + metric_bucket(family, v)].u++;
		dst[family->cell + family->nbounds + 1].u += v;
	} else {
		dst[0].u++; /* the number of records comes first */
	}
	for (uint32_t i = 0; i < plan->nvalues; i++)
		add_value(&plan->values[i], value, dst);
}

uint32_t metric_bucket(const struct family *family, uint64_t value)
{
	const uint64_t *bounds = family->bounds;
	uint32_t n = family->nbounds, low = 0;

	/* How many bounds are smaller than the value. */
	while (n) {
		uint32_t half = n / 2;
		bool right = bounds[low + half] < value;

		low = right ? low + half + 1 : low;
		n = right ? n - half - 1 : half;
	}
	return low;
}
