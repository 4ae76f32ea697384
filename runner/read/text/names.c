// SPDX-License-Identifier: Apache-2.0
/*
 * The tables come from gen-names.sh. Each is a blob of names and an index of (value, offset)
 * sorted by value, so that nothing in it needs relocating and its pages stay shared.
 */
#include "runner/read/text/names.h"

#include <stddef.h>
#include <strings.h>

#include "base/util.h"

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

static struct table table_of(enum meaning meaning)
{
	switch (meaning) {
	case MEAN_ERRNO:
		return (struct table)TABLE(errno, "");
	case MEAN_SIGNAL:
		return (struct table)TABLE(signal, "SIG");
	case MEAN_SYSCALL:
		return (struct table)TABLE(syscall, "");
	case MEAN_AF:
		return (struct table)TABLE(af, "AF_");
	case MEAN_TCP_STATE:
		return (struct table)TABLE(tcp_state, "TCP_");
	case MEAN_IP_PROTO:
		return (struct table)TABLE(ip_proto, "");
	default:
		return (struct table){ NULL, 0, "", "" };
	}
}

/* Most tables have no holes at their beginning: the value is then its own place. */
static inline const char *find(const struct name_entry *entries, uint32_t count, const char *text,
			       int64_t value)
{
	uint32_t low = 0, high = count;

	if (value >= 0 && value < count && entries[value].value == value &&
	    (value == 0 || entries[value - 1].value != value))
		return text + entries[value].off;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (entries[mid].value < value)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < count && entries[low].value == value)
		return text + entries[low].off;
	return NULL;
}

#define FIND(what, value) find(what##_entries, ARRAY_LEN(what##_entries), what##_text, value)

const char *name_errno(int64_t value)
{
	if (value == INT64_MIN)
		return NULL;
	return FIND(errno, value < 0 ? -value : value);
}

const char *name_signal(int64_t value)
{
	return FIND(signal, value);
}

const char *name_syscall(int64_t nr)
{
	return FIND(syscall, nr);
}

const char *name_af(int64_t value)
{
	return FIND(af, value);
}

const char *name_tcp_state(int64_t value)
{
	return FIND(tcp_state, value);
}

const char *name_ip_proto(int64_t value)
{
	return FIND(ip_proto, value);
}

bool name_value(enum meaning meaning, const char *name, int64_t *ret)
{
	struct table t = table_of(meaning);
	size_t skip = strlen(t.optional);

	for (uint32_t i = 0; i < t.count; i++) {
		const char *full = t.text + t.entries[i].off;
		bool has_it = strncmp(full, t.optional, skip) == 0;

		if (strcasecmp(name, full) == 0 || (has_it && strcasecmp(name, full + skip) == 0) ||
		    (!has_it && strncasecmp(name, t.optional, skip) == 0 &&
		     strcasecmp(name + skip, full) == 0)) {
			*ret = t.entries[i].value;
			return true;
		}
	}
	return false;
}

const char *name_nth(enum meaning meaning, uint32_t index)
{
	struct table t = table_of(meaning);

	return index < t.count ? t.text + t.entries[index].off : NULL;
}
