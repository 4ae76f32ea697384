/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traits of meanings, and which type names have them: our own (include/bombus/types.bpf.h),
 * BumbleBee's, the kernel's and Inspektor Gadget's. A name counts only where the type under it has
 * the right shape. The rows are in meaning_rows.h.
 */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_MEANINGS_H
#define BOMBUS_RUNNER_LOAD_PLAN_MEANINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/load/plan/layout.h"

enum meaning_flag {
	MEANS_AMOUNT = 1 << 0,	/* may be added and compared as a number; others are identities */
	MEANS_NUMBER = 1 << 1,	/* an integer stays a number in JSON and in attributes of spans */
	MEANS_INEXACT = 1 << 2, /* different bytes may have the same text */
	MEANS_ZERO_IS_NONE = 1 << 3, /* 0 is no error, no signal: tables show nothing */
	MEANS_NAMED = 1 << 5,	     /* a number in JSON that tables show by a name */
	MEANS_EITHER_SIGN = 1 << 4,  /* -111 is 111; often kept in an unsigned int */
};

#define MEANING_ANY_BYTES UINT32_MAX
#define NET_WHOLE 255 /* all of them, be they 2, 4 or 8 */

struct meaning_traits {
	const char *enumerator; /* the enumerator without MEAN_: "DURATION_US" */
	const char *word;	/* what people call it, where that is another word; NULL */
	/* Typedefs and structs that have it, NULL at the end; NULL: none. The first typedef is the
	 * one that bombus' own headers define. */
	const char *const *types, *const *structs;
	uint8_t numbers;       /* the sizes in bytes that a number may have, added up: 4 | 8 */
	uint8_t kind;	       /* of bytes that have it */
	uint32_t bytes;	       /* the size of bytes that may have it; 0: numbers only */
	uint8_t net_bytes;     /* so many bytes of a number are in network order; 0: it is not */
	const char *unit;      /* "ns" for durations ...; NULL: none */
	uint64_t unit_ns;      /* of a duration; 0: it is none */
	bool is_time;	       /* a point in time of `clock`, in nanoseconds */
	int clock;	       /* CLOCK_MONOTONIC, CLOCK_BOOTTIME or CLOCK_REALTIME */
	const char *name;      /* of a lone value: "pid"; NULL: nothing better than the default */
	const char *noun;      /* what a name of it is called in messages; NULL: it has no names */
	uint8_t recorded;      /* the running system knows names (resolve.h): the number under which
				* recordings keep them, unique and never changed; 0: it does not */
	const char *attribute; /* its name in OpenTelemetry's conventions; NULL: the field's own */
	uint8_t cells;	       /* width of a table's column at first; 0: by kind */
	uint8_t flags;	       /* enum meaning_flag */
};

/* By enum meaning. */
extern const struct meaning_traits meaning_table[MEAN_COUNT];

static inline const struct meaning_traits *meaning_traits(uint8_t meaning)
{
	return &meaning_table[meaning];
}

/* The bits of a number in network order, from its first byte on: 16, 32 or 64; 0: it is not. */
static inline uint32_t field_net_bits(const struct field *f)
{
	uint32_t bits = meaning_traits(f->meaning)->net_bytes * 8u;

	if (bits == NET_WHOLE * 8u)
		bits = f->size_bits;
	if (f->is_bits || bits > f->size_bits || (bits != 16 && bits != 32 && bits != 64))
		return 0;
	return bits;
}

enum meaning meaning_of_typedef(const char *name);
enum meaning meaning_of_struct(const char *name);
/* The length of time or the amount of data that a unit ("us", "bytes") stands for; MEAN_NONE: it is
 * neither. */
enum meaning meaning_of_unit(const char *unit);
/* What people type: the enumerator in any case ("duration_us", "errno"), its word or a typedef of
 * it. MEAN_COUNT: none. */
enum meaning meaning_of_word(const char *word);

/* May a number (int, enum, pointer) of this many bytes have the meaning? */
bool meaning_fits_number(enum meaning meaning, uint32_t size_bytes);
/* May an array of bytes, a struct or a union of this many bytes have it? Not asked for MEAN_IP. */
bool meaning_fits_bytes(enum meaning meaning, uint32_t size_bytes);

#endif
