// SPDX-License-Identifier: Apache-2.0
/*
 * The filter language: the first half of the input is a record, the rest an expression. What
 * compiles is matched, once with its negation beside it; exactly one of the two is true.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/read/filter/filter.h"

#define RECORD_BYTES 128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct enum_name state_names[] = { { -1, "NONE" }, { 1, "OPEN" }, { 2, "HALF_OPEN" } };
static const struct enum_names states = { ARRAY_LEN(state_names), true, state_names };

#define FIELD(n, k, off, bits, ...)                                                                \
	{                                                                                          \
		.name = n, .path = n, .label = n, .kind = (k), .off_bits = (off)*8,                \
		.size_bits = (bits), .count = 1, ##__VA_ARGS__                                     \
	}

static struct field fields[] = {
	FIELD("comm", KIND_TEXT, 0, 128),
	FIELD("delta_us", KIND_UINT, 16, 64, .meaning = MEAN_DURATION_US),
	FIELD("ret", KIND_INT, 24, 32, .meaning = MEAN_ERRNO, .is_signed = true),
	FIELD("u8", KIND_UINT, 28, 8),
	FIELD("on", KIND_BOOL, 29, 8),
	FIELD("f", KIND_FLOAT, 30, 32),
	FIELD("d", KIND_FLOAT, 34, 64, .meaning = MEAN_DURATION_S),
	FIELD("state", KIND_ENUM, 42, 16, .enums = &states, .is_signed = true),
	FIELD("v4", KIND_UINT, 44, 32, .meaning = MEAN_IPV4),
	FIELD("v6", KIND_BYTES, 48, 128, .meaning = MEAN_IPV6),
	FIELD("ip", KIND_BYTES, 64, 160, .meaning = MEAN_IP, .family_at = 16, .family_bytes = 4),
	FIELD("port", KIND_UINT, 84, 16, .meaning = MEAN_PORT_BE),
	FIELD("mac", KIND_BYTES, 86, 48, .meaning = MEAN_MAC),
	{ .name = "list",
	  .path = "a.list",
	  .label = "a_list",
	  .kind = KIND_INT,
	  .count = 3,
	  .size_bits = 16,
	  .off_bits = 92 * 8,
	  .is_signed = true },
	FIELD("dns", KIND_TEXT, 98, 64, .meaning = MEAN_DNS),
	FIELD("w", KIND_INT, 106, 128, .is_signed = true),
	FIELD("len", KIND_UINT, 122, 16, .meaning = MEAN_SIZE_BYTES),
	FIELD("proto", KIND_UINT, 124, 8, .meaning = MEAN_IP_PROTO),
	{ .name = "b",
	  .path = "b",
	  .label = "b",
	  .kind = KIND_INT,
	  .count = 1,
	  .size_bits = 11,
	  .off_bits = 125 * 8 + 3,
	  .is_bits = true,
	  .is_signed = true },
	FIELD("c", KIND_INT, 127, 8, .meaning = MEAN_CHAR, .is_signed = true),
};

static const struct map_plan map = {
	.name = "events",
	.symbol = "events",
	.has_value = true,
	.value = { .type_name = "event",
		   .fields = fields,
		   .nfields = ARRAY_LEN(fields),
		   .size_bytes = RECORD_BYTES },
};

static void match_both(const char *text, const void *bytes)
{
	_cleanup_free_ char *not = xasprintf("!(%s)", text);
	struct record record = { .map = &map,
				 .part = { NULL, bytes },
				 .value_bytes = RECORD_BYTES };
	struct filter *plain = NULL, *negated = NULL;
	struct err err = { 0 };

	if (filter_compile(&plain, &map, text, &err) < 0) {
		if (!err.msg[0] || err.exit != EXIT_USAGE)
			abort();
		return;
	}
	/* Two levels and three bytes more can be too much. */
	if (filter_compile(&negated, &map, not, NULL) == 0 &&
	    filter_match(plain, &record) == filter_match(negated, &record))
		abort();
	filter_free(filter_and(plain, negated));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ uint8_t *bytes = xcalloc(1, RECORD_BYTES);
	size_t head = MIN(size / 2, (size_t)RECORD_BYTES);

	memcpy(bytes, data, head);
	text = xstrndup((const char *)data + head, size - head);
	match_both(text, bytes);
	return 0;
}
