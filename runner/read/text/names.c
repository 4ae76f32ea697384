// SPDX-License-Identifier: Apache-2.0
/*
 * The tables come from gen-names.sh. Each is a blob of names and an index of (value, offset)
 * sorted by value, so that nothing in it needs relocating and its pages stay shared.
 */
#include "runner/read/text/names.h"

#include <stddef.h>
#include <strings.h>

#include "base/util.h"
#include "runner/load/plan/meanings.h"

struct name_entry {
	int32_t value;
	uint16_t off;
};

#include "names.inc"

struct table {
	const struct name_entry *entries;
	uint32_t count;
	const char *text;
	const char *optional; /* a prefix that people may write or leave out */
};

#define TABLE(what, prefix)                                                                        \
	{                                                                                          \
		what##_entries, ARRAY_LEN(what##_entries), what##_text, prefix                     \
	}

static const struct table names_none = { NULL, 0, "", "" };
static const struct table names_errno = TABLE(errno, "");
static const struct table names_signal = TABLE(signal, "SIG");
static const struct table names_syscall = TABLE(syscall, "");
static const struct table names_af = TABLE(af, "AF_");
static const struct table names_tcp_state = TABLE(tcp_state, "TCP_");
static const struct table names_open_flag = TABLE(open_flag, "O_");
static const struct table names_ip_proto = TABLE(ip_proto, "");

#define MEANING(id, param, text, names, ...) [MEAN_##id] = &names_##names,
static const struct table *const tables[MEAN_COUNT] = {
#include "runner/load/plan/meaning_rows.h"
};

/* Most tables have no holes at their beginning: the value is then its own place. */
static const char *find(const struct table *t, int64_t value)
{
	const struct name_entry *entries = t->entries;
	uint32_t low = 0, high = t->count;

	if (value >= 0 && value < t->count && entries[value].value == value &&
	    (value == 0 || entries[value - 1].value != value))
		return t->text + entries[value].off;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (entries[mid].value < value)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < t->count && entries[low].value == value)
		return t->text + entries[low].off;
	return NULL;
}

const char *name_of(enum meaning meaning, int64_t value)
{
	if (value < 0 && value != INT64_MIN && (meaning_traits(meaning)->flags & MEANS_EITHER_SIGN))
		value = -value;
	return find(tables[meaning], value);
}

const char *name_of_bits(enum meaning meaning, uint64_t *bits)
{
	const struct table *t = tables[meaning];
	const struct name_entry *best = NULL;

	for (uint32_t i = 0; i < t->count; i++) {
		uint64_t value = (uint64_t)t->entries[i].value;

		if (value && (*bits & value) == value &&
		    (!best ||
		     __builtin_popcountll(value) > __builtin_popcountll((uint64_t)best->value)))
			best = &t->entries[i];
	}
	if (best)
		*bits &= ~(uint64_t)best->value;
	return best ? t->text + best->off : NULL;
}

bool name_value(enum meaning meaning, const char *name, int64_t *ret)
{
	const struct table *t = tables[meaning];
	size_t skip = strlen(t->optional);

	for (uint32_t i = 0; i < t->count; i++) {
		const char *full = t->text + t->entries[i].off;
		bool has_it = strncmp(full, t->optional, skip) == 0;

		if (strcasecmp(name, full) == 0 || (has_it && strcasecmp(name, full + skip) == 0) ||
		    (!has_it && strncasecmp(name, t->optional, skip) == 0 &&
		     strcasecmp(name + skip, full) == 0)) {
			*ret = t->entries[i].value;
			return true;
		}
	}
	return false;
}

const char *name_nth(enum meaning meaning, uint32_t index)
{
	const struct table *t = tables[meaning];

	return index < t->count ? t->text + t->entries[index].off : NULL;
}
