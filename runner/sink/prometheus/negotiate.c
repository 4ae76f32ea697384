// SPDX-License-Identifier: Apache-2.0
#include <strings.h>
#include "base/parse.h"
#include "base/util.h"
#include "runner/sink/prometheus/negotiate.h"

#define WORD_MAX 128

/* A piece of the header's text, without spaces around it. */
struct piece {
	const char *text;
	size_t len;
};

struct offer {
	const struct expo_format *format;
	const char *type;
	const char *param[3]; /* "name=value" that have to be so where they are named */
};

static const struct offer offers[] = {
	{ &expo_text, "text/plain", { "version=0.0.4" } },
	{ &expo_openmetrics, "application/openmetrics-text", { "version=1.0.0" } },
	{ &expo_protobuf,
	  "application/vnd.google.protobuf",
	  { "proto=io.prometheus.client.metricfamily", "encoding=delimited" } },
};

/* Up to the separator, quotes minded; *rest is moved behind it. False at the end. */
static bool next_piece(const char **rest, char separator, struct piece *ret)
{
	const char *start = *rest, *end;
	bool quoted = false;

	if (!*start)
		return false;
	for (end = start; *end && (quoted || *end != separator); end++)
		quoted ^= *end == '"';
	*rest = *end ? end + 1 : end;
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*ret = (struct piece){ start, end - start };
	return true;
}

static bool is_word(struct piece piece, const char *word)
{
	return piece.len == strlen(word) && strncasecmp(piece.text, word, piece.len) == 0;
}

/* The value behind "name=", quotes taken off. */
static bool value_of(struct piece piece, const char *name, size_t name_len, struct piece *ret)
{
	if (piece.len <= name_len || piece.text[name_len] != '=' ||
	    strncasecmp(piece.text, name, name_len) != 0)
		return false;
	*ret = (struct piece){ piece.text + name_len + 1, piece.len - name_len - 1 };
	if (ret->len >= 2 && ret->text[0] == '"' && ret->text[ret->len - 1] == '"')
		*ret = (struct piece){ ret->text + 1, ret->len - 2 };
	return true;
}

/* 0 to 1; what is no number counts as not wanted. */
static double weight_of(struct piece piece)
{
	char text[WORD_MAX];
	double q;

	if (piece.len >= sizeof(text))
		return 0;
	memcpy(text, piece.text, piece.len);
	text[piece.len] = '\0';
	return parse_double(text, &q) == 0 && q >= 0 && q <= 1 ? q : 0;
}

/* How precisely a range names the offer: 0 not at all, 1 by a star, 2 by half of one, 3 by name, 4
 * and more by parameters as well. */
static int match_type(struct piece type, const struct offer *offer)
{
	size_t half = strcspn(offer->type, "/") + 1;

	if (is_word(type, "*/*"))
		return 1;
	if (is_word(type, offer->type))
		return 3;
	return type.len == half + 1 && type.text[half] == '*' &&
			       strncasecmp(type.text, offer->type, half) == 0
		       ? 2
		       : 0;
}

/* Parameters that the offer does not know (charset, escaping) do not matter. */
static bool match_param(struct piece param, const struct offer *offer, int *precision)
{
	for (size_t i = 0; i < ARRAY_LEN(offer->param) && offer->param[i]; i++) {
		const char *want = strchr(offer->param[i], '=') + 1;
		struct piece value;

		if (!value_of(param, offer->param[i], want - 1 - offer->param[i], &value))
			continue;
		++*precision;
		return is_word(value, want);
	}
	return true;
}

/* One range of the header; the offer's weight by it, or -1 where it is another thing. */
static double match_range(struct piece range, const struct offer *offer, int *ret_precision)
{
	char copy[WORD_MAX * 4];
	const char *rest = copy;
	struct piece piece, value;
	double weight = 1;
	int precision;

	if (range.len >= sizeof(copy))
		return -1;
	memcpy(copy, range.text, range.len);
	copy[range.len] = '\0';
	if (!next_piece(&rest, ';', &piece) || !(precision = match_type(piece, offer)))
		return -1;
	while (next_piece(&rest, ';', &piece)) {
		if (value_of(piece, "q", 1, &value))
			weight = weight_of(value);
		else if (precision >= 3 && !match_param(piece, offer, &precision))
			return -1;
	}
	*ret_precision = precision;
	return weight;
}

/* The weight that the most precise range gives it; 0: not wanted. */
static double weigh(const char *accept, const struct offer *offer, int *ret_precision)
{
	double weight = 0;
	struct piece range;

	*ret_precision = 0;
	while (next_piece(&accept, ',', &range)) {
		int precision = 0;
		double w = match_range(range, offer, &precision);

		if (w < 0 || precision < *ret_precision ||
		    (precision == *ret_precision && w < weight))
			continue;
		weight = w;
		*ret_precision = precision;
	}
	return weight;
}

const struct expo_format *negotiate_format(const char *accept, bool total_suffix)
{
	const struct expo_format *best = &expo_text;
	int best_precision = 0;
	double best_weight = 0;

	for (size_t i = 0; accept && i < ARRAY_LEN(offers); i++) {
		int precision;
		double weight = weigh(accept, &offers[i], &precision);

		if (offers[i].format->total_suffix && !total_suffix)
			continue;
		if (weight < best_weight || weight == 0 ||
		    (weight == best_weight && precision <= best_precision))
			continue;
		best = offers[i].format;
		best_weight = weight;
		best_precision = precision;
	}
	return best;
}

/* The weight that a header gives to one of the names of a coding; 0: not wanted. */
static double weigh_coding(const char *header, const char *const names[2])
{
	struct piece item, piece, value;
	double weight = 0;

	while (header && next_piece(&header, ',', &item)) {
		char copy[WORD_MAX];
		const char *rest = copy;
		double w = 1;

		if (item.len >= sizeof(copy))
			continue;
		memcpy(copy, item.text, item.len);
		copy[item.len] = '\0';
		if (!next_piece(&rest, ';', &piece) ||
		    (!is_word(piece, names[0]) && !is_word(piece, names[1])))
			continue;
		while (next_piece(&rest, ';', &piece))
			if (value_of(piece, "q", 1, &value))
				w = weight_of(value);
		weight = MAX(weight, w);
	}
	return weight;
}

enum pack_form negotiate_coding(const char *accept_encoding, bool has_zstd)
{
	static const char *const gzip[] = { "gzip", "x-gzip" }, *const zstd[] = { "zstd", "zstd" };
	double by_gzip = weigh_coding(accept_encoding, gzip);
	double by_zstd = has_zstd ? weigh_coding(accept_encoding, zstd) : 0;

	if (by_zstd > by_gzip)
		return PACK_ZSTD;
	return by_gzip > 0 ? PACK_GZIP : PACK_NONE;
}
