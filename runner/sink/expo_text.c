// SPDX-License-Identifier: Apache-2.0
/*
 * Prometheus' text format 0.0.4. Label values are UTF-8 and may hold anything but need `\`, `"`
 * and newline escaped; what is not UTF-8 and other control characters are written \xNN (with the
 * backslash escaped), so that two different values stay different and a terminal stays sane.
 */
#include <math.h>
#include "base/num.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/sink/expo.h"

double expo_scaled(double v, double scale)
{
	double inverse = rint(1 / scale);

	/* A power of ten below 1 has no exact double; its inverse has. */
	if (scale < 1 && scale > 0 && inverse < 0x1p53 && 1 / inverse == scale)
		return v / inverse;
	return v * scale;
}

/* HELP's rules: backslash and newline. */
static void add_help(struct strbuf *dst, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\')
			strbuf_add(dst, "\\\\", 2);
		else if (*text == '\n')
			strbuf_add(dst, "\\n", 2);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			strbuf_addc(dst, ' ');
		else
			strbuf_addc(dst, *text);
	}
}

static void text_family(struct strbuf *dst, const struct expo_family *family)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	strbuf_addf(dst, "# HELP %s ", family->name);
	add_help(dst, family->help);
	strbuf_addf(dst, "\n# TYPE %s %s\n", family->name, types[family->type]);
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

/* One byte of a label's value that needs something; returns the end. */
static char *put_escaped(char *dst, unsigned char c)
{
	*dst++ = '\\';
	if (c == '\n')
		*dst++ = 'n';
	else if (c == '"' || c == '\\')
		*dst++ = c;
	else {
		*dst++ = '\\';
		*dst++ = 'x';
		dst += num_hex_bytes(dst, &c, 1);
	}
	return dst;
}

static void add_value(struct strbuf *dst, const char *text, size_t len)
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
		n = utf8_decode(text + i, len - i, &c);
		if (!n || c < ' ' || (c >= 0x7f && c < 0xa0) || c == '"' || c == '\\') {
			n = n ? n : 1;
			for (size_t k = 0; k < n; k++)
				p = put_escaped(p, text[i + k]);
		} else {
			memcpy(p, text + i, n);
			p += n;
		}
	}
	if (start)
		strbuf_advance(dst, p - start);
}

/* a="x",b="y" */
static void add_labels(struct strbuf *dst, const struct expo_label *labels, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			strbuf_addc(dst, ',');
		strbuf_adds(dst, labels[i].name);
		strbuf_add(dst, "=\"", 2);
		add_value(dst, labels[i].text, labels[i].len);
		strbuf_addc(dst, '"');
	}
}

static void add_u64(struct strbuf *dst, uint64_t v)
{
	char text[NUM_U64_ROOM];

	strbuf_add(dst, text, num_u64(text, v));
}

static void add_number(struct strbuf *dst, const struct expo_number *number)
{
	char text[NUM_DOUBLE_ROOM];
	double v;

	if (number->scale == 1 && number->type == CELL_U64) {
		add_u64(dst, number->cell.u);
		return;
	}
	if (number->scale == 1 && number->type == CELL_I64) {
		strbuf_add(dst, text, num_i64(text, number->cell.i));
		return;
	}
	v = number->type == CELL_U64   ? (double)number->cell.u
	    : number->type == CELL_I64 ? (double)number->cell.i
				       : number->cell.d;
	if (number->scale != 1)
		v = expo_scaled(v, number->scale);
	strbuf_add(dst, text, num_double(text, v));
}

static void text_number(struct strbuf *dst, const struct expo_family *family,
			const struct expo_label *labels, uint32_t nlabels,
			const struct expo_number *number)
{
	strbuf_adds(dst, family->name);
	if (nlabels) {
		strbuf_addc(dst, '{');
		add_labels(dst, labels, nlabels);
		strbuf_addc(dst, '}');
	}
	strbuf_addc(dst, ' ');
	add_number(dst, number);
	strbuf_addc(dst, '\n');
}

/* name_suffix{labels} as it is before the value. */
static void add_start(struct strbuf *dst, const char *name, const char *suffix,
		      const struct strbuf *labels)
{
	strbuf_adds(dst, name);
	strbuf_adds(dst, suffix);
	if (labels->len) {
		strbuf_addc(dst, '{');
		strbuf_add(dst, labels->buf, labels->len);
		strbuf_addc(dst, '}');
	}
	strbuf_addc(dst, ' ');
}

static void add_bound(struct strbuf *dst, const struct expo_histogram *histogram, uint32_t i)
{
	struct expo_number bound = { CELL_U64, { 0 }, histogram->scale };

	if (i == histogram->nbounds) {
		strbuf_adds(dst, "+Inf");
		return;
	}
	bound.cell.u = histogram->bounds[i];
	add_number(dst, &bound);
}

static void text_histogram(struct strbuf *dst, const struct expo_family *family,
			   const struct expo_label *labels, uint32_t nlabels,
			   const struct expo_histogram *histogram)
{
	struct strbuf shared = STRBUF_INIT(dst->max);
	uint64_t cumulative = 0;

	add_labels(&shared, labels, nlabels);
	dst->full |= shared.full;
	for (uint32_t i = 0; i <= histogram->nbounds; i++) {
		cumulative += histogram->counts[i].u;
		strbuf_adds(dst, family->name);
		strbuf_adds(dst, "_bucket{");
		strbuf_add(dst, strbuf_str(&shared), shared.len);
		strbuf_adds(dst, shared.len ? ",le=\"" : "le=\"");
		add_bound(dst, histogram, i);
		strbuf_adds(dst, "\"} ");
		add_u64(dst, cumulative);
		strbuf_addc(dst, '\n');
	}
	if (histogram->has_sum) {
		add_start(dst, family->name, "_sum", &shared);
		add_number(dst, &histogram->sum);
		strbuf_addc(dst, '\n');
	}
	add_start(dst, family->name, "_count", &shared);
	add_u64(dst, cumulative);
	strbuf_addc(dst, '\n');
	strbuf_release(&shared);
}

const struct expo_format expo_text = {
	.content_type = "text/plain; version=0.0.4; charset=utf-8",
	.family = text_family,
	.number = text_number,
	.histogram = text_histogram,
};
