// SPDX-License-Identifier: Apache-2.0
/* The variables of the environment, one by one: words, numbers and lists. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include "base/num.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_variables.h"

#define MAX_PAIRS 128
#define LIST_MAX_BYTES (64u << 10)

const struct otlp_signal_words otlp_signal_words[OTLP_SIGNALS] = {
	[OTLP_TRACES] = { "traces", "TRACES_", "v1/traces", "trace.v1.TraceService" },
	[OTLP_METRICS] = { "metrics", "METRICS_", "v1/metrics", "metrics.v1.MetricsService" },
	[OTLP_LOGS] = { "logs", "LOGS_", "v1/logs", "logs.v1.LogsService" },
};

struct otlp_found otlp_read_own(const struct otlp_reader *r, enum otlp_signal signal,
				const char *word)
{
	struct otlp_found found;

	snprintf(found.name, sizeof(found.name), OTLP_EXPORTER "%s%s",
		 otlp_signal_words[signal].upper, word);
	found.text = otlp_read_variable(r, found.name);
	return found;
}

struct otlp_found otlp_read_common(const struct otlp_reader *r, const char *word)
{
	struct otlp_found found;

	snprintf(found.name, sizeof(found.name), OTLP_EXPORTER "%s", word);
	found.text = otlp_read_variable(r, found.name);
	return found;
}

const char *otlp_signal_name(enum otlp_signal signal)
{
	return otlp_signal_words[signal].name;
}

const char *otlp_read_variable(const struct otlp_reader *r, const char *name)
{
	const char *text = r->get(r->ctx, name);

	return text && *text ? text : NULL;
}

static int refuse(const struct otlp_reader *r, const struct otlp_found *found, const char *known)
{
	return err_usage(r->err, "%s: '%.100s' is not supported; there is %s", found->name,
			 found->text, known);
}

int otlp_choose(const struct otlp_reader *r, const struct otlp_found *found,
		const char *const *words, size_t count, const char *known, uint8_t *ret)
{
	if (!found->text)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(found->text, words[i]) == 0) {
			*ret = (uint8_t)i;
			return 0;
		}
	}
	return refuse(r, found, known);
}

bool otlp_is_true(const struct otlp_found *found)
{
	return found->text && strcasecmp(found->text, "true") == 0;
}

int otlp_read_number(const struct otlp_reader *r, const struct otlp_found *found, uint64_t min,
		     uint64_t max, uint64_t *ret)
{
	uint64_t value;

	if (!found->text)
		return 0;
	if (!isdigit((unsigned char)*found->text) || parse_u64(found->text, &value) < 0 ||
	    value < min || value > max)
		return err_usage(r->err, "%s: '%.100s' is not a number from %" PRIu64 " to %" PRIu64,
				 found->name, found->text, min, max);
	*ret = value;
	return 0;
}

/* --- lists of key=value, percent-encoded ------------------------------------------------------ */

static int hex_digit(char c)
{
	static const char digits[] = NUM_HEX_DIGITS;
	const char *at = c ? strchr(digits, tolower(c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Trims, and takes %XX for the byte. A % without two digits stays. NULL: a NUL is meant. */
static const char *decode(struct arena *arena, const char *text, size_t len)
{
	char *copy, *out;

	while (len && strchr(" \t", *text))
		text++, len--;
	while (len && strchr(" \t", text[len - 1]))
		len--;
	copy = out = arena_alloc(arena, len + 1, 1);
	for (size_t i = 0; i < len; i++) {
		int high = i + 2 < len && text[i] == '%' ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

		*out = low >= 0 ? (char)(high << 4 | low) : text[i];
		if (!*out++)
			return NULL;
		if (low >= 0)
			i += 2;
	}
	return copy;
}

int otlp_read_pairs(const struct otlp_reader *r, const struct otlp_found *found,
		    const struct otlp_pair **ret, size_t *ret_count)
{
	struct otlp_pair *pairs = arena_array(&r->config->arena, struct otlp_pair, MAX_PAIRS);
	const char *at = found->text;
	size_t count = 0;

	if (strlen(at) > LIST_MAX_BYTES)
		return err_usage(r->err, "%s is longer than %u bytes", found->name, LIST_MAX_BYTES);
	for (; *at; at += *at == ',') {
		size_t len = strcspn(at, ","), name = strcspn(at, "=,");

		if (strspn(at, " \t,") < len) {
			struct otlp_pair pair = { 0 };

			if (name < len) {
				pair.name = decode(&r->config->arena, at, name);
				pair.value =
					decode(&r->config->arena, at + name + 1, len - name - 1);
			}
			/* The text may be a secret: it is not repeated. */
			if (!pair.name || !*pair.name || !pair.value)
				return err_usage(r->err, "%s: its part %zu is not name=value",
						 found->name, count + 1);
			if (count == MAX_PAIRS)
				return err_usage(r->err, "%s has more than %u parts", found->name,
						 MAX_PAIRS);
			pairs[count++] = pair;
		}
		at += len;
	}
	*ret = pairs;
	*ret_count = count;
	return 0;
}
