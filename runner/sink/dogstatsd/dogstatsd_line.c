// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/dogstatsd/dogstatsd_line.h"

#include <math.h>

#include "base/num.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/sink/prometheus/expo.h"

/* Up to here the inverse of a count has a double for each count. */
#define COUNT_BITS 31

static bool is_special(const char *text, size_t len, uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || c == ',' || c == '|' ||
	       (c == '\\' && len > 1 && text[1] == 'x');
}

void dogstatsd_escape(struct strbuf *dst, const char *text, size_t len)
{
	uint32_t c;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_decode(text + i, len - i, &c);
		if (n && !is_special(text + i, len - i, c)) {
			strbuf_add(dst, text + i, n);
			continue;
		}
		n = n ? n : 1;
		for (size_t k = 0; k < n; k++)
			strbuf_addf(dst, "\\x%02x", (uint8_t)text[i + k]);
	}
}

void dogstatsd_add_tag(struct strbuf *dst, const char *name, const char *text, size_t len)
{
	if (!len)
		return;
	if (dst->len)
		strbuf_addc(dst, ',');
	strbuf_adds(dst, name);
	strbuf_addc(dst, ':');
	dogstatsd_escape(dst, text, len);
}

void dogstatsd_add_end(struct strbuf *dst, const struct strbuf *tags, const char *container)
{
	if (tags->len) {
		strbuf_adds(dst, "|#");
		strbuf_add(dst, tags->buf, tags->len);
	}
	if (container[0]) {
		strbuf_adds(dst, "|c:");
		strbuf_adds(dst, container);
	}
}

void dogstatsd_add_cell(struct strbuf *dst, union cell cell, enum cell_type type, double scale)
{
	const struct expo_number number = { type, cell, scale };
	char text[MAX(NUM_DOUBLE_ROOM, NUM_U64_ROOM)];
	size_t len;

	if (scale == 1 && type == CELL_U64)
		len = num_u64(text, cell.u);
	else if (scale == 1 && type == CELL_I64)
		len = num_i64(text, cell.i);
	else
		len = num_double(text, expo_double(&number));
	strbuf_add(dst, text, len);
}

double dogstatsd_bucket_value(const struct family *family, uint32_t i, double scale)
{
	const uint64_t *bounds = family->bounds;
	double low = i ? (double)bounds[i - 1] + 1 : 0, high;

	if (i < family->nbounds)
		high = MAX((double)bounds[i], low);
	else
		high = low + (i > 1 ? (double)(bounds[i - 1] - bounds[i - 2]) - 1 : low);
	/* Of equal bounds only the last counts. */
	if (i && i < family->nbounds && bounds[i] == bounds[i - 1])
		low = high = (double)bounds[i];
	return expo_scaled(low + (high - low) / 2, scale);
}

double dogstatsd_rate(uint64_t count, uint64_t *ret_counted)
{
	double rate;

	if (count >> COUNT_BITS)
		count = 1ull << (63 - __builtin_clzll(count));
	*ret_counted = count;
	rate = 1 / (double)count;
	/* Some receivers cut off the inverse. */
	while ((uint64_t)(1 / rate) < count)
		rate = nextafter(rate, 0);
	return rate;
}
