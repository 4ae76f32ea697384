// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/recording/recording.h"

#include <errno.h>
#include <xxhash.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/sink/text.h"

#define CHECKED_HEADER_BYTES 12 /* of a header, in front of its checksum */

/* Little-endian, whatever the machine is. */
static void put_fixed(uint8_t *dst, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++, v >>= 8)
		dst[i] = (uint8_t)v;
}

static uint64_t get_fixed(const uint8_t *src, int bytes)
{
	uint64_t v = 0;

	for (int i = bytes; i-- > 0;)
		v = v << 8 | src[i];
	return v;
}

void recording_start(uint8_t dst[RECORDING_START_BYTES], uint8_t version)
{
	memcpy(dst, RECORDING_MAGIC, 8);
	put_fixed(dst + 8, version, 4);
}

int recording_check_start(const uint8_t src[RECORDING_START_BYTES], struct err *err)
{
	uint64_t version = get_fixed(src + 8, 4);

	if (memcmp(src, RECORDING_MAGIC, 8) != 0) {
		err_hint(err, "'bombus run ... --record FILE' makes one");
		return err_set(err, EINVAL, "this is no recording");
	}
	if (!version || version > RECORDING_VERSION) {
		err_hint(err, "a newer bombus made it, and can replay it");
		return err_set(err, ENOTSUP,
			       "a recording of version %u; this bombus reads up to %u",
			       (unsigned)version, RECORDING_VERSION);
	}
	return (int)version;
}

uint64_t recording_hash(const void *bytes, size_t len)
{
	return XXH3_64bits_withSeed(bytes, len, 0);
}

uint64_t block_checksum(const uint8_t header[BLOCK_HEADER_BYTES], const void *stored, size_t len)
{
	return XXH3_64bits_withSeed(stored, len, recording_hash(header, CHECKED_HEADER_BYTES));
}

void block_header_put(uint8_t dst[BLOCK_HEADER_BYTES], struct block_header *header,
		      const void *stored)
{
	put_fixed(dst, header->kind, 1);
	put_fixed(dst + 1, header->flags, 1);
	put_fixed(dst + 2, 0, 2);
	put_fixed(dst + 4, header->stored_bytes, 4);
	put_fixed(dst + 8, header->raw_bytes, 4);
	header->checksum = block_checksum(dst, stored, header->stored_bytes);
	put_fixed(dst + CHECKED_HEADER_BYTES, header->checksum, 8);
}

void block_header_get(const uint8_t src[BLOCK_HEADER_BYTES], struct block_header *ret)
{
	*ret = (struct block_header){
		.kind = src[0],
		.flags = src[1],
		.stored_bytes = (uint32_t)get_fixed(src + 4, 4),
		.raw_bytes = (uint32_t)get_fixed(src + 8, 4),
		.checksum = get_fixed(src + CHECKED_HEADER_BYTES, 8),
	};
}

uint8_t recording_name_kind(enum meaning meaning)
{
	return meaning_traits(meaning)->recorded;
}

enum meaning recording_name_meaning(uint64_t kind)
{
	for (uint8_t i = 1; kind && i < MEAN_COUNT; i++)
		if (meaning_traits(i)->recorded == kind)
			return (enum meaning)i;
	return MEAN_NONE;
}

struct map_shape recording_shape(struct source *source, const struct map_plan *map)
{
	const struct metric_plan *metric = map_has_series(map) ? source_metric(source, map) : NULL;
	struct map_shape shape = { 0 };

	if (map_has_records(map)) {
		shape.record_value_bytes = map->value.size_bytes;
		if (map->has_key)
			shape.record_key_bytes = MAX(map->key_bytes, map->key.size_bytes);
	} else if (metric) {
		shape.metric = metric;
		shape.row_key_bytes = shape.metric->key_bytes;
		shape.row_cells = shape.metric->ncells;
	}
	return shape;
}

uint64_t get_varint(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && c->at < c->end; shift += 7) {
		uint8_t byte = *c->at++;

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return v;
	}
	c->bad = true;
	c->at = c->end;
	return 0;
}

const void *get_bytes(struct cursor *c, size_t len)
{
	const uint8_t *at = c->at;

	if (c->bad || len > (size_t)(c->end - c->at)) {
		c->bad = true;
		c->at = c->end;
		return NULL;
	}
	c->at += len;
	return at;
}

uint64_t get_number(struct cursor *c, uint64_t max)
{
	uint64_t v = get_varint(c);

	if (v <= max)
		return v;
	c->bad = true;
	c->at = c->end;
	return 0;
}
