// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include "base/parse.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_target.h"

/* The largest queue that a variable may ask for. */
#define MAX_ITEMS 1000000u

/* The options of an exporter: each as OTEL_EXPORTER_OTLP_X and OTEL_EXPORTER_OTLP_<SIGNAL>_X. */
static const char *const exporter_words[] = { "ENDPOINT",    "HEADERS",
					      "TIMEOUT",     "PROTOCOL",
					      "COMPRESSION", "CERTIFICATE",
					      "CLIENT_KEY",  "CLIENT_CERTIFICATE",
					      "INSECURE" };

static const struct number_variable {
	const char *name;
	size_t offset;
	uint64_t fallback, min, max;
} numbers[] = {
#define AT(member) offsetof(struct otlp_config, member)
	{ "OTEL_BSP_SCHEDULE_DELAY", AT(batching[OTLP_TRACES].delay_ms), 5000, 0, OTLP_MAX_MS },
	{ "OTEL_BSP_EXPORT_TIMEOUT", AT(batching[OTLP_TRACES].give_up_ms), 30000, 0, OTLP_MAX_MS },
	{ "OTEL_BSP_MAX_QUEUE_SIZE", AT(batching[OTLP_TRACES].max_queue_items), 2048, 1,
	  MAX_ITEMS },
	{ "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", AT(batching[OTLP_TRACES].max_batch_items), 512, 1,
	  MAX_ITEMS },
	{ "OTEL_BLRP_SCHEDULE_DELAY", AT(batching[OTLP_LOGS].delay_ms), 1000, 0, OTLP_MAX_MS },
	{ "OTEL_BLRP_EXPORT_TIMEOUT", AT(batching[OTLP_LOGS].give_up_ms), 30000, 0, OTLP_MAX_MS },
	{ "OTEL_BLRP_MAX_QUEUE_SIZE", AT(batching[OTLP_LOGS].max_queue_items), 2048, 1, MAX_ITEMS },
	{ "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", AT(batching[OTLP_LOGS].max_batch_items), 512, 1,
	  MAX_ITEMS },
	{ "OTEL_METRIC_EXPORT_INTERVAL", AT(batching[OTLP_METRICS].delay_ms), 60000, 1,
	  OTLP_MAX_MS },
	{ "OTEL_METRIC_EXPORT_TIMEOUT", AT(batching[OTLP_METRICS].give_up_ms), 30000, 0,
	  OTLP_MAX_MS },
	{ "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", AT(attributes.value_chars), UINT64_MAX, 0,
	  UINT64_MAX },
	{ "OTEL_ATTRIBUTE_COUNT_LIMIT", AT(attributes.count), 128, 0, UINT64_MAX },
	{ "OTEL_SPAN_EVENT_COUNT_LIMIT", AT(max_span_events), 128, 0, UINT64_MAX },
	{ "OTEL_SPAN_LINK_COUNT_LIMIT", AT(max_span_links), 128, 0, UINT64_MAX },
	{ "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", AT(max_event_attributes), 128, 0, UINT64_MAX },
	{ "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", AT(max_link_attributes), 128, 0, UINT64_MAX },
};

/* These follow the common limits where they are not set. */
static const struct number_variable limits[] = {
	{ "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", AT(span_attributes.value_chars),
	  AT(attributes.value_chars), 0, UINT64_MAX },
	{ "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", AT(span_attributes.count), AT(attributes.count), 0,
	  UINT64_MAX },
	{ "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", AT(log_attributes.value_chars),
	  AT(attributes.value_chars), 0, UINT64_MAX },
	{ "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", AT(log_attributes.count), AT(attributes.count), 0,
	  UINT64_MAX },
};

#undef AT

#define TEMPORALITY "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
#define AGGREGATION "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"
static const char *const other_variables[] = {
	"OTEL_SDK_DISABLED",   "OTEL_SERVICE_NAME",	  "OTEL_RESOURCE_ATTRIBUTES",
	"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_TRACES_EXPORTER",
	"OTEL_LOGS_EXPORTER",  "OTEL_METRICS_EXPORTER",	  TEMPORALITY,
	AGGREGATION,
};

static struct otlp_found variable(const struct otlp_reader *r, const char *name)
{
	struct otlp_found found = { .text = otlp_read_variable(r, name) };

	snprintf(found.name, sizeof(found.name), "%s", name);
	return found;
}

static uint64_t *slot(const struct otlp_reader *r, size_t offset)
{
	return (uint64_t *)((char *)r->config + offset);
}

static int read_numbers(const struct otlp_reader *r)
{
	int ret = 0;

	for (size_t i = 0; i < ARRAY_LEN(numbers) && ret >= 0; i++) {
		const struct number_variable *v = &numbers[i];
		struct otlp_found found = variable(r, v->name);

		*slot(r, v->offset) = v->fallback;
		ret = otlp_read_number(r, &found, v->min, v->max, slot(r, v->offset));
	}
	for (size_t i = 0; i < ARRAY_LEN(limits) && ret >= 0; i++) {
		struct otlp_found found = variable(r, limits[i].name);

		*slot(r, limits[i].offset) = *slot(r, (size_t)limits[i].fallback);
		ret = otlp_read_number(r, &found, 0, UINT64_MAX, slot(r, limits[i].offset));
	}
	/* A batch cannot be larger than the queue it waits in. */
	for (size_t i = 0; i < OTLP_SIGNALS; i++) {
		struct otlp_batching *b = &r->config->batching[i];

		b->max_batch_items = MIN(b->max_batch_items, b->max_queue_items);
	}
	return ret;
}

/* --- which signals --------------------------------------------------------------------------- */

/* Other exporters, and lists of several, are refused by name. */
static int read_exporter(const struct otlp_reader *r, enum otlp_signal signal, bool *ret_on)
{
	static const char *const words[] = { "none", "otlp" };
	struct otlp_found found;
	uint8_t on = 1;
	int ret;

	snprintf(found.name, sizeof(found.name), "OTEL_%sEXPORTER",
		 otlp_signal_words[signal].upper);
	found.text = otlp_read_variable(r, found.name);
	ret = otlp_choose(r, &found, words, ARRAY_LEN(words), "otlp and none", &on);
	if (ret < 0 && strcasecmp(found.text, "console") == 0)
		err_hint(r->err, "-o json prints to standard output");
	else if (ret < 0 && strcasecmp(found.text, "prometheus") == 0)
		err_hint(r->err, "--metrics serves Prometheus");
	*ret_on = on;
	return ret;
}

static int read_signals(const struct otlp_reader *r)
{
	struct otlp_found common = otlp_read_common(r, "ENDPOINT"),
			  off = variable(r, "OTEL_SDK_DISABLED");
	bool any = false;
	int ret = 0;

	if (!r->flags->url && otlp_is_true(&off))
		return 0;
	for (int i = 0; i < OTLP_SIGNALS; i++) {
		r->config->targets[i].on =
			r->flags->url || common.text || otlp_read_own(r, i, "ENDPOINT").text;
		any = any || r->config->targets[i].on;
	}
	for (int i = 0; any && i < OTLP_SIGNALS && ret >= 0; i++) {
		bool wanted = true;

		ret = read_exporter(r, i, &wanted);
		r->config->targets[i].on &= wanted;
	}
	return ret;
}

static int read_rest(const struct otlp_reader *r)
{
	static const char *const temporalities[] = { "cumulative", "delta", "lowmemory" };
	static const char *const aggregations[] = { "explicit_bucket_histogram",
						    "base2_exponential_bucket_histogram" };
	struct otlp_config *config = r->config;
	struct otlp_found temporality = variable(r, TEMPORALITY),
			  aggregation = variable(r, AGGREGATION);
	struct otlp_found resource = variable(r, "OTEL_RESOURCE_ATTRIBUTES");
	uint8_t exponential = 0;
	int ret = otlp_choose(r, &temporality, temporalities, ARRAY_LEN(temporalities),
			      "cumulative, delta and lowmemory", &config->temporality);

	if (ret >= 0)
		ret = otlp_choose(
			r, &aggregation, aggregations, ARRAY_LEN(aggregations),
			"explicit_bucket_histogram and base2_exponential_bucket_histogram",
			&exponential);
	config->exponential_histograms = exponential;
	config->sampler =
		arena_strdup(&config->arena, otlp_read_variable(r, "OTEL_TRACES_SAMPLER"));
	config->sampler_arg =
		arena_strdup(&config->arena, otlp_read_variable(r, "OTEL_TRACES_SAMPLER_ARG"));
	config->service_name =
		arena_strdup(&config->arena, otlp_read_variable(r, "OTEL_SERVICE_NAME"));
	if (ret >= 0 && resource.text)
		ret = otlp_read_pairs(r, &resource, &config->resource, &config->nresource);
	return ret;
}

bool otlp_config_is_on(const struct otlp_config *config)
{
	bool on = false;

	for (size_t i = 0; i < OTLP_SIGNALS; i++)
		on = on || config->targets[i].on;
	return on;
}

int otlp_config_read(struct otlp_config *ret, const struct otlp_flags *flags, otlp_getenv_fn get,
		     void *ctx, struct err *err)
{
	const struct otlp_reader r = { ret, flags, get, ctx, err };
	int code;

	*ret = (struct otlp_config){ 0 };
	code = read_signals(&r);
	if (code < 0 || !otlp_config_is_on(ret))
		return code;
	for (int i = 0; i < OTLP_SIGNALS && code >= 0; i++)
		if (ret->targets[i].on)
			code = otlp_read_target(&r, i);
	if (code >= 0)
		code = read_numbers(&r);
	return code >= 0 ? read_rest(&r) : code;
}

void otlp_config_release(struct otlp_config *config)
{
	arena_release(&config->arena);
	*config = (struct otlp_config){ 0 };
}

/* --- what is not looked at ------------------------------------------------------------------- */

static bool is_word(const char *name, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(name, word, len) == 0;
}

static bool is_exporter_word(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(exporter_words); i++)
		if (is_word(name, len, exporter_words[i]))
			return true;
	return false;
}

bool otlp_variable_is_unknown(const char *name, size_t len)
{
	size_t prefix = sizeof(OTLP_EXPORTER) - 1;

	if (len < 5 || memcmp(name, "OTEL_", 5) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (is_word(name, len, numbers[i].name))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		if (is_word(name, len, limits[i].name))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(other_variables); i++)
		if (is_word(name, len, other_variables[i]))
			return false;
	if (len <= prefix || memcmp(name, OTLP_EXPORTER, prefix) != 0)
		return true;
	name += prefix;
	len -= prefix;
	for (size_t i = 0; i < OTLP_SIGNALS; i++) {
		size_t own = strlen(otlp_signal_words[i].upper);

		if (len > own && memcmp(name, otlp_signal_words[i].upper, own) == 0 &&
		    is_exporter_word(name + own, len - own))
			return false;
	}
	return !is_exporter_word(name, len);
}
