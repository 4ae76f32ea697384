// SPDX-License-Identifier: Apache-2.0
/*
 * Prometheus' text format 0.0.4, and OpenMetrics 1.0, which differs in little: a family is called
 * without _total, has a UNIT, bounds are floats ("1.0"), _count is there only where _sum is, and
 * the end is marked. Control characters never stand raw in either, so that a terminal stays sane.
 */
#include <math.h>
#include "base/num.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/sink/prometheus/expo.h"

double expo_scaled(double v, double scale)
{
	double inverse = rint(1 / scale);

	/* A power of ten below 1 has no exact double; its inverse has. */
	if (scale < 1 && scale > 0 && inverse < 0x1p53 && 1 / inverse == scale)
		return v / inverse;
	return v * scale;
}

double expo_double(const struct expo_number *number)
{
	double v = number->type == CELL_U64   ? (double)number->cell.u
		   : number->type == CELL_I64 ? (double)number->cell.i
					      : number->cell.d;

	if (number->as_product)
		return v * number->scale;
	return number->scale == 1 ? v : expo_scaled(v, number->scale);
}

/* Backslash and newline are escaped, and in OpenMetrics quotes. */
static void add_help(struct strbuf *dst, const char *text, bool quotes)
{
	for (; *text; text++) {
		if (*text == '\\')
			strbuf_add(dst, "\\\\", 2);
		else if (*text == '\n')
			strbuf_add(dst, "\\n", 2);
		else if (*text == '"' && quotes)
			strbuf_add(dst, "\\\"", 2);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			strbuf_addc(dst, ' ');
		else
			strbuf_addc(dst, *text);
	}
}

static const char *type_name(enum metric_type type)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	return types[type];
}

static void text_family(struct strbuf *dst, const struct expo_family *family)
{
	strbuf_addf(dst, "# HELP %s ", family->name);
	add_help(dst, family->help, false);
	strbuf_addf(dst, "\n# TYPE %s %s\n", family->name, type_name(family->type));
}

static bool ends_with(const char *text, size_t len, const char *tail)
{
	size_t tail_len = strlen(tail);

	return len > tail_len && memcmp(text + len - tail_len, tail, tail_len) == 0;
}

static void open_family(struct strbuf *dst, const struct expo_family *family)
{
	const char *name = family->name, *unit = family->unit;
	size_t len = strlen(name), unit_len = strlen(unit);
	const char *type = type_name(family->type);

	if (family->type == METRIC_COUNTER && ends_with(name, len, "_total"))
		len -= strlen("_total");
	else if (family->type == METRIC_COUNTER)
		type = "unknown"; /* a counter's name ends in _total here */
	strbuf_addf(dst, "# TYPE %.*s %s\n", (int)len, name, type);
	if (unit_len && ends_with(name, len, unit) && name[len - unit_len - 1] == '_')
		strbuf_addf(dst, "# UNIT %.*s %s\n", (int)len, name, unit);
	if (family->help[0]) {
		strbuf_addf(dst, "# HELP %.*s ", (int)len, name);
		add_help(dst, family->help, true);
		strbuf_addc(dst, '\n');
	}
}

static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = text[i];

		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			return false;
	}
	return true;
}

/* One character of n bytes; returns the end. A byte takes up to 5. */
static char *put_char(char *dst, const char *at, size_t n, bool hex, bool quoted)
{
	for (size_t k = 0; k < n; k++) {
		bool special = at[k] == '\n' || at[k] == '"' || at[k] == '\\';

		if (quoted && (hex || special))
			*dst++ = '\\';
		if (hex) {
			*dst++ = '\\';
			*dst++ = 'x';
			dst += num_hex_bytes(dst, at + k, 1);
		} else {
			*dst++ = quoted && at[k] == '\n' ? 'n' : at[k];
		}
	}
	return dst;
}

void expo_add_value(struct strbuf *dst, const char *text, size_t len, bool quoted)
{
	char *start, *p;
	uint32_t c;
	size_t n;

	if (is_plain(text, len)) {
		strbuf_add(dst, text, len);
		return;
	}
	start = p = strbuf_reserve(dst, 5 * len);
	for (size_t i = 0; p && i < len; i += n) {
		bool hex;

		n = utf8_decode(text + i, len - i, &c);
		hex = !n || (c < ' ' && c != '\n') || (c >= 0x7f && c < 0xa0) ||
		      (c == '\\' && i + 1 < len && text[i + 1] == 'x');
		n = n ? n : 1;
		p = put_char(p, text + i, n, hex, quoted);
	}
	if (start)
		strbuf_advance(dst, p - start);
}

/* a="x",b="y" */
static void text_labels(struct strbuf *dst, const struct expo_label *labels, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			strbuf_addc(dst, ',');
		strbuf_adds(dst, labels[i].name);
		strbuf_add(dst, "=\"", 2);
		expo_add_value(dst, labels[i].text, labels[i].len, true);
		strbuf_addc(dst, '"');
	}
}

/* At most NUM_DOUBLE_ROOM bytes; returns their end. */
static char *put_number(char *dst, const struct expo_number *number)
{
	if (number->scale == 1 && number->type == CELL_U64)
		return dst + num_u64(dst, number->cell.u);
	if (number->scale == 1 && number->type == CELL_I64)
		return dst + num_i64(dst, number->cell.i);
	return dst + num_double(dst, expo_double(number));
}

static char *put(char *dst, const void *bytes, size_t len)
{
	memcpy(dst, bytes, len);
	return dst + len;
}

/* A line: name_suffix{labels} number. There are millions of them: room is made once for each. */
static void add_line(struct strbuf *dst, const char *name, const char *suffix, struct expo_set set,
		     const struct expo_number *number)
{
	size_t name_len = strlen(name), suffix_len = strlen(suffix);
	char *start = strbuf_reserve(dst, name_len + suffix_len + set.len + NUM_DOUBLE_ROOM + 4);
	char *p = start;

	if (!start)
		return;
	p = put(p, name, name_len);
	p = put(p, suffix, suffix_len);
	if (set.len) {
		*p++ = '{';
		p = put(p, set.bytes, set.len);
		*p++ = '}';
	}
	*p++ = ' ';
	p = put_number(p, number);
	*p++ = '\n';
	strbuf_advance(dst, (size_t)(p - start));
}

static void text_number(struct strbuf *dst, const struct expo_family *family, struct expo_set set,
			const struct expo_number *number)
{
	add_line(dst, family->name, "", set, number);
}

/* OpenMetrics wants to see that a bound is a float. */
static void add_bound(struct strbuf *dst, const struct expo_histogram *histogram, uint32_t i,
		      bool open)
{
	struct expo_number bound = { CELL_U64, { 0 }, histogram->scale, histogram->as_product };
	char text[NUM_DOUBLE_ROOM + 1], *end;

	if (i == histogram->nbounds) {
		strbuf_adds(dst, "+Inf");
		return;
	}
	bound.cell.u = histogram->bounds[i];
	end = put_number(text, &bound);
	*end = '\0';
	strbuf_add(dst, text, (size_t)(end - text));
	if (open && !strpbrk(text, ".e"))
		strbuf_adds(dst, ".0");
}

/* The end of a bucket's line. */
static size_t put_count(char *dst, uint64_t count)
{
	char *p = put(dst, "\"} ", 3);

	p += num_u64(p, count);
	*p++ = '\n';
	return (size_t)(p - dst);
}

static void add_histogram(struct strbuf *dst, const struct expo_family *family, struct expo_set set,
			  const struct expo_histogram *histogram, bool open)
{
	char count[NUM_U64_ROOM + 4];
	uint64_t cumulative = 0;

	for (uint32_t i = 0; i <= histogram->nbounds; i++) {
		cumulative += histogram->counts[i].u;
		/* Fine bounds between small whole numbers fall together. */
		if (!expo_shows_bound(histogram, i))
			continue;
		strbuf_adds(dst, family->name);
		strbuf_adds(dst, "_bucket{");
		if (set.len)
			strbuf_add(dst, set.bytes, set.len);
		strbuf_adds(dst, set.len ? ",le=\"" : "le=\"");
		add_bound(dst, histogram, i, open);
		strbuf_add(dst, count, put_count(count, cumulative));
	}
	if (histogram->has_sum)
		add_line(dst, family->name, "_sum", set, &histogram->sum);
	if (histogram->has_sum || !open) {
		const struct expo_number all = { CELL_U64, { .u = cumulative }, 1, false };

		add_line(dst, family->name, "_count", set, &all);
	}
}

static void text_histogram(struct strbuf *dst, const struct expo_family *family,
			   struct expo_set set, const struct expo_histogram *histogram)
{
	add_histogram(dst, family, set, histogram, false);
}

static void open_histogram(struct strbuf *dst, const struct expo_family *family,
			   struct expo_set set, const struct expo_histogram *histogram)
{
	add_histogram(dst, family, set, histogram, true);
}

static void open_end(struct strbuf *dst)
{
	strbuf_adds(dst, "# EOF\n");
}

const struct expo_format expo_text = {
	.content_type = "text/plain; version=0.0.4; charset=utf-8",
	.family = text_family,
	.labels = text_labels,
	.number = text_number,
	.histogram = text_histogram,
};

const struct expo_format expo_openmetrics = {
	.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	.total_suffix = true,
	.family = open_family,
	.labels = text_labels,
	.number = text_number,
	.histogram = open_histogram,
	.end = open_end,
};
