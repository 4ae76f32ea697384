/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a recording, spec/recording.md: a magic number, then blocks, each with a checksum;
 * and the items that blocks of data are made of. record.h writes it, replay.h reads it.
 *
 * Numbers in payloads are varints (7 bits a byte, the lowest first), so that byte order does not
 * matter; signed ones are zigzag. The bytes of records and keys are as the kernel side wrote them.
 */
#ifndef BOMBUS_RUNNER_SINK_RECORDING_RECORDING_H
#define BOMBUS_RUNNER_SINK_RECORDING_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "runner/load/plan/layout.h"

struct err;
struct metric_plan;
struct map_plan;
struct plan;
struct source;

#define RECORDING_VERSION 2 /* the newest that is read */
#define RECORDING_OF_ONE 1  /* of one program: earlier readers take it too */
#define RECORDING_OF_SEVERAL 2
#define RECORDING_MAGIC                                                                            \
	"\x89"                                                                                     \
	"BMR\r\n\x1a\n"		 /* a text mode or a 7-bit channel damages it */
#define RECORDING_START_BYTES 12 /* the magic number and the version */

/* Payloads before compression; readers need twice this. */
#define RECORDING_MAX_BLOCK (8u << 20)
#define RECORDING_MAX_PROGRAM (64u << 20)
/* Data is at most so many times as large as what is stored of it: no small file replays for ever.
 */
#define RECORDING_MAX_RATIO 256
#define RECORDING_MAX_OPTIONS 4096
#define RECORDING_MAX_PROGRAMS 256
#define RECORDING_MAX_ELF (256u << 20) /* of all programs together */
#define RECORDING_MAX_TEXT 65536       /* of an option, a name, a message */
#define RECORDING_MAX_ROWS 256	       /* of one item */

enum block_kind {
	BLOCK_HEAD = 1, /* who, when, options, shapes of the maps: the first of each program */
	BLOCK_PROGRAM,	/* its ELF file, behind its head */
	BLOCK_DATA,	/* items */
	BLOCK_END,	/* the last, empty: what comes without it was cut */
};

#define BLOCK_DEFLATED 1 /* flag: the payload is a zlib stream */
#define BLOCK_HEADER_BYTES 20

struct block_header {
	uint8_t kind, flags;
	uint32_t stored_bytes, raw_bytes;
	uint64_t checksum; /* XXH3 of the header before it and the stored payload */
};

/* 12 bytes in front of everything. */
void recording_start(uint8_t dst[RECORDING_START_BYTES], uint8_t version);
/* The version. EINVAL: no recording; ENOTSUP: of a newer version. */
int recording_check_start(const uint8_t src[RECORDING_START_BYTES], struct err *err);
void block_header_put(uint8_t dst[BLOCK_HEADER_BYTES], struct block_header *header,
		      const void *stored);
void block_header_get(const uint8_t src[BLOCK_HEADER_BYTES], struct block_header *ret);
uint64_t block_checksum(const uint8_t header[BLOCK_HEADER_BYTES], const void *stored, size_t len);

uint64_t recording_hash(const void *bytes, size_t len);

enum item {
	ITEM_TIME = 1, /* time went on: ns since the last one, monotonic */
	ITEM_RECORD,   /* map, time, key, value */
	ITEM_ROWS,     /* map, time, rows */
	ITEM_LOST,     /* map, where, count, time */
	ITEM_STATS,    /* map, what collector_stats() says */
	ITEM_PROG,     /* program, state, reason, what object_prog_stats() says */
	ITEM_NAME,     /* kind, id, whether there is a name, the name */
	ITEM_LOG,      /* level, text */
	ITEM_CLOCK,    /* offsets of the clocks */
	ITEM_SWEEP,    /* time: the maps were read */
	ITEM_OF,       /* number of the program that the items behind it are of; at first 0 */
};

/* Kinds of names as they stand in the file; 0: no such. */
uint8_t recording_name_kind(enum meaning meaning);
enum meaning recording_name_meaning(uint64_t kind);

/* What one map's items look like. From the plan; the head block has it to be compared with. */
struct map_shape {
	uint32_t record_key_bytes, record_value_bytes; /* 0: no records */
	uint32_t row_key_bytes, row_cells;	       /* 0: no rows */
	const struct metric_plan *metric;	       /* NULL: no rows */
};
struct map_shape recording_shape(struct source *source, const struct map_plan *map);

#define VARINT_MAX 10

static inline uint8_t *put_varint(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)v | 0x80;
	*p++ = (uint8_t)v;
	return p;
}

static inline uint64_t zigzag(uint64_t difference)
{
	return difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
}
static inline uint64_t unzigzag(uint64_t v)
{
	return v >> 1 ^ -(v & 1);
}

static inline uint8_t *put_bytes(uint8_t *p, const void *bytes, size_t len)
{
	memcpy(p, bytes, len);
	return p + len;
}

/* Reading: after the first thing that does not fit all reads give 0 or NULL, and `bad` is set. */
struct cursor {
	const uint8_t *at, *end;
	bool bad;
};

uint64_t get_varint(struct cursor *c);
const void *get_bytes(struct cursor *c, size_t len);
/* A number above `max` is bad. */
uint64_t get_number(struct cursor *c, uint64_t max);

#endif
