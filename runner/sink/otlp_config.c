// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include "base/err.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "base/url.h"
#include "base/util.h"
#include "runner/sink/otlp_config.h"

#define EXPORTER "OTEL_EXPORTER_OTLP_"
#define NAME_MAX_BYTES 96
#define MAX_PAIRS 128
/* What somebody may ask for and still get: a queue beyond it would be a mistake. */
#define MAX_ITEMS 1000000u
#define MAX_MS (1000ull * 3600 * 24)
#define LIST_MAX_BYTES (64u << 10)

static const struct signal_words {
	const char *name, *upper, *path, *service;
} signals[OTLP_SIGNALS] = {
	[OTLP_TRACES] = { "traces", "TRACES_", "v1/traces", "trace.v1.TraceService" },
	[OTLP_METRICS] = { "metrics", "METRICS_", "v1/metrics", "metrics.v1.MetricsService" },
	[OTLP_LOGS] = { "logs", "LOGS_", "v1/logs", "logs.v1.LogsService" },
};

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
	{ "OTEL_BSP_SCHEDULE_DELAY", AT(batching[OTLP_TRACES].delay_ms), 5000, 0, MAX_MS },
	{ "OTEL_BSP_EXPORT_TIMEOUT", AT(batching[OTLP_TRACES].give_up_ms), 30000, 0, MAX_MS },
	{ "OTEL_BSP_MAX_QUEUE_SIZE", AT(batching[OTLP_TRACES].max_queue_items), 2048, 1,
	  MAX_ITEMS },
	{ "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", AT(batching[OTLP_TRACES].max_batch_items), 512, 1,
	  MAX_ITEMS },
	{ "OTEL_BLRP_SCHEDULE_DELAY", AT(batching[OTLP_LOGS].delay_ms), 1000, 0, MAX_MS },
	{ "OTEL_BLRP_EXPORT_TIMEOUT", AT(batching[OTLP_LOGS].give_up_ms), 30000, 0, MAX_MS },
	{ "OTEL_BLRP_MAX_QUEUE_SIZE", AT(batching[OTLP_LOGS].max_queue_items), 2048, 1, MAX_ITEMS },
	{ "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", AT(batching[OTLP_LOGS].max_batch_items), 512, 1,
	  MAX_ITEMS },
	{ "OTEL_METRIC_EXPORT_INTERVAL", AT(batching[OTLP_METRICS].delay_ms), 60000, 1, MAX_MS },
	{ "OTEL_METRIC_EXPORT_TIMEOUT", AT(batching[OTLP_METRICS].give_up_ms), 30000, 0, MAX_MS },
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

#define TEMPORALITY EXPORTER "METRICS_TEMPORALITY_PREFERENCE"
#define AGGREGATION EXPORTER "METRICS_DEFAULT_HISTOGRAM_AGGREGATION"
static const char *const other_variables[] = {
	"OTEL_SDK_DISABLED",   "OTEL_SERVICE_NAME",	  "OTEL_RESOURCE_ATTRIBUTES",
	"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_TRACES_EXPORTER",
	"OTEL_LOGS_EXPORTER",  "OTEL_METRICS_EXPORTER",	  TEMPORALITY,
	AGGREGATION,
};

struct reader {
	struct otlp_config *config;
	const struct otlp_flags *flags;
	otlp_getenv_fn get;
	void *ctx;
	struct err *err;
};

/* A variable as it was found, with its name for the error. */
struct found {
	char name[NAME_MAX_BYTES];
	const char *text; /* NULL: not set */
};

const char *otlp_signal_name(enum otlp_signal signal)
{
	return signals[signal].name;
}

static const char *read_variable(const struct reader *r, const char *name)
{
	const char *text = r->get(r->ctx, name);

	return text && *text ? text : NULL;
}

static struct found exporter_own(const struct reader *r, enum otlp_signal signal, const char *word)
{
	struct found found;

	snprintf(found.name, sizeof(found.name), EXPORTER "%s%s", signals[signal].upper, word);
	found.text = read_variable(r, found.name);
	return found;
}

static struct found exporter_common(const struct reader *r, const char *word)
{
	struct found found;

	snprintf(found.name, sizeof(found.name), EXPORTER "%s", word);
	found.text = read_variable(r, found.name);
	return found;
}

static struct found exporter(const struct reader *r, enum otlp_signal signal, const char *word)
{
	struct found found = exporter_own(r, signal, word);

	return found.text ? found : exporter_common(r, word);
}

static int refuse(const struct reader *r, const struct found *found, const char *known)
{
	return err_usage(r->err, "%s: '%.100s' is not supported; there is %s", found->name,
			 found->text, known);
}

static struct found variable(const struct reader *r, const char *name)
{
	struct found found = { .text = read_variable(r, name) };

	snprintf(found.name, sizeof(found.name), "%s", name);
	return found;
}

static int choose(const struct reader *r, const struct found *found, const char *const *words,
		  size_t count, const char *known, uint8_t *ret)
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

static bool is_true(const struct found *found)
{
	return found->text && strcasecmp(found->text, "true") == 0;
}

static int read_number(const struct reader *r, const struct found *found, uint64_t min,
		       uint64_t max, uint64_t *ret)
{
	uint64_t value;

	if (!found->text)
		return 0;
	if (!isdigit((unsigned char)*found->text) || parse_u64(found->text, &value) < 0 ||
	    value < min || value > max)
		return err_usage(r->err, "%s: '%.100s' is no number from %" PRIu64 " to %" PRIu64,
				 found->name, found->text, min, max);
	*ret = value;
	return 0;
}

static uint64_t *slot(const struct reader *r, size_t offset)
{
	return (uint64_t *)((char *)r->config + offset);
}

static int read_numbers(const struct reader *r)
{
	int ret = 0;

	for (size_t i = 0; i < ARRAY_LEN(numbers) && ret >= 0; i++) {
		const struct number_variable *v = &numbers[i];
		struct found found = variable(r, v->name);

		*slot(r, v->offset) = v->fallback;
		ret = read_number(r, &found, v->min, v->max, slot(r, v->offset));
	}
	for (size_t i = 0; i < ARRAY_LEN(limits) && ret >= 0; i++) {
		struct found found = variable(r, limits[i].name);

		*slot(r, limits[i].offset) = *slot(r, (size_t)limits[i].fallback);
		ret = read_number(r, &found, 0, UINT64_MAX, slot(r, limits[i].offset));
	}
	/* A batch cannot be larger than the queue it waits in. */
	for (size_t i = 0; i < OTLP_SIGNALS; i++) {
		struct otlp_batching *b = &r->config->batching[i];

		b->max_batch_items = MIN(b->max_batch_items, b->max_queue_items);
	}
	return ret;
}

/* --- lists of key=value, percent-encoded ------------------------------------------------------ */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, tolower(c)) : NULL;

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

static int read_pairs(const struct reader *r, const struct found *found,
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

/* A name is a token of HTTP; a value must not end its line. */
static bool is_header(const struct otlp_pair *pair)
{
	for (const char *c = pair->name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
			return false;
	for (const char *c = pair->value; *c; c++)
		if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
			return false;
	return true;
}

static int read_headers(const struct reader *r, enum otlp_signal signal, struct otlp_target *target)
{
	struct found found = exporter(r, signal, "HEADERS");
	const struct otlp_pair *pairs;
	const char **headers;
	size_t count = 0;
	int ret;

	if (!found.text)
		return 0;
	ret = read_pairs(r, &found, &pairs, &count);
	if (ret < 0)
		return ret;
	headers = arena_array(&r->config->arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		if (!is_header(&pairs[i]))
			return err_usage(r->err, "%s: its part %zu is no valid header", found.name,
					 i + 1);
		/* libcurl sends a header without a value only in this form. */
		headers[i] = arena_printf(&r->config->arena, *pairs[i].value ? "%s: %s" : "%s;%s",
					  pairs[i].name, pairs[i].value);
	}
	target->headers = headers;
	target->nheaders = count;
	return 0;
}

/* --- endpoints ------------------------------------------------------------------------------- */

static int check_url(const struct reader *r, const char *name, const char *text)
{
	_cleanup_(url_release) struct url url = { 0 };
	int ret = url_parse(text, &url, r->err);

	if (ret >= 0)
		return ret;
	err_wrap(r->err, "%s", name);
	err_exit(r->err, EXIT_USAGE);
	err_hint(r->err, "an endpoint is a URL such as http://localhost:4318");
	return ret;
}

/* The path of a signal behind the common endpoint's, before a query. */
static const char *join_path(struct arena *arena, const char *base, const char *path)
{
	int len = (int)strcspn(base, "?");

	return arena_printf(arena, "%.*s%s%s%s", len, base, len && base[len - 1] == '/' ? "" : "/",
			    path, base + len);
}

static const char *grpc_url(struct arena *arena, const char *text, enum otlp_signal signal)
{
	const char *host = strstr(text, "://") + 3;
	size_t origin = (size_t)(host - text) + strcspn(host, "/?#");

	return arena_printf(arena, "%.*s/opentelemetry.proto.collector.%s/Export", (int)origin,
			    text, signals[signal].service);
}

/* Without a scheme: over gRPC INSECURE decides, on the command line it is not secure. */
static const char *with_scheme(const struct reader *r, enum otlp_signal signal, const char *text,
			       bool is_flag)
{
	struct found insecure = exporter(r, signal, "INSECURE");
	bool plain = is_flag || is_true(&insecure);

	if (strstr(text, "://"))
		return text;
	return arena_printf(&r->config->arena, "%s://%s", plain ? "http" : "https", text);
}

static int read_endpoint(const struct reader *r, enum otlp_signal signal,
			 struct otlp_target *target)
{
	struct found own = exporter_own(r, signal, "ENDPOINT");
	struct found common = exporter_common(r, "ENDPOINT");
	bool is_grpc = target->protocol == OTLP_GRPC, is_flag = r->flags->url && *r->flags->url;
	const char *name = "--otlp", *text = r->flags->url;
	int ret;

	if (is_flag) {
		own.text = NULL;
	} else if (own.text || common.text) {
		name = own.text ? own.name : common.name;
		text = own.text ? own.text : common.text;
	} else {
		text = is_grpc ? "http://localhost:4317" : "http://localhost:4318";
	}
	if (is_grpc || is_flag)
		text = with_scheme(r, signal, text, is_flag);
	ret = check_url(r, name, text);
	if (ret < 0)
		return ret;
	if (is_grpc)
		target->url = grpc_url(&r->config->arena, text, signal);
	else if (own.text)
		target->url = arena_strdup(&r->config->arena, text);
	else
		target->url = join_path(&r->config->arena, text, signals[signal].path);
	return 0;
}

static int read_protocol(const struct reader *r, enum otlp_signal signal,
			 struct otlp_target *target)
{
	static const char *const words[] = { [OTLP_HTTP_PROTOBUF] = "http/protobuf",
					     [OTLP_HTTP_JSON] = "http/json",
					     [OTLP_GRPC] = "grpc" };
	struct found found = exporter(r, signal, "PROTOCOL");

	if (r->flags->protocol)
		found = (struct found){ "--otlp-protocol", r->flags->protocol };
	target->protocol = OTLP_HTTP_PROTOBUF;
	return choose(r, &found, words, ARRAY_LEN(words), "http/protobuf, http/json and grpc",
		      &target->protocol);
}

static int read_compression(const struct reader *r, enum otlp_signal signal,
			    struct otlp_target *target)
{
	static const char *const words[] = { "none", "gzip" };
	struct found found = exporter(r, signal, "COMPRESSION");
	uint8_t gzip = 0;
	int ret = choose(r, &found, words, ARRAY_LEN(words), "none and gzip", &gzip);

	target->gzip = gzip;
	return ret;
}

static int read_target(const struct reader *r, enum otlp_signal signal)
{
	struct otlp_target *target = &r->config->targets[signal];
	struct arena *arena = &r->config->arena;
	struct found timeout = exporter(r, signal, "TIMEOUT");
	int ret = read_protocol(r, signal, target);

	target->timeout_ms = 10000;
	target->ca_file = arena_strdup(arena, exporter(r, signal, "CERTIFICATE").text);
	target->cert_file = arena_strdup(arena, exporter(r, signal, "CLIENT_CERTIFICATE").text);
	target->key_file = arena_strdup(arena, exporter(r, signal, "CLIENT_KEY").text);
	if (ret >= 0)
		ret = read_number(r, &timeout, 0, MAX_MS, &target->timeout_ms);
	if (ret >= 0)
		ret = read_compression(r, signal, target);
	if (ret >= 0)
		ret = read_headers(r, signal, target);
	if (ret >= 0)
		ret = read_endpoint(r, signal, target);
	return ret;
}

/* --- which signals --------------------------------------------------------------------------- */

/* Other exporters, and lists of several, are refused by name. */
static int read_exporter(const struct reader *r, enum otlp_signal signal, bool *ret_on)
{
	static const char *const words[] = { "none", "otlp" };
	struct found found;
	uint8_t on = 1;
	int ret;

	snprintf(found.name, sizeof(found.name), "OTEL_%sEXPORTER", signals[signal].upper);
	found.text = read_variable(r, found.name);
	ret = choose(r, &found, words, ARRAY_LEN(words), "otlp and none", &on);
	if (ret < 0 && strcasecmp(found.text, "console") == 0)
		err_hint(r->err, "-o json prints to standard output");
	else if (ret < 0 && strcasecmp(found.text, "prometheus") == 0)
		err_hint(r->err, "--metrics serves Prometheus");
	*ret_on = on;
	return ret;
}

static int read_signals(const struct reader *r)
{
	struct found common = exporter_common(r, "ENDPOINT"),
		     off = variable(r, "OTEL_SDK_DISABLED");
	bool any = false;
	int ret = 0;

	if (!r->flags->url && is_true(&off))
		return 0;
	for (int i = 0; i < OTLP_SIGNALS; i++) {
		r->config->targets[i].on =
			r->flags->url || common.text || exporter_own(r, i, "ENDPOINT").text;
		any = any || r->config->targets[i].on;
	}
	for (int i = 0; any && i < OTLP_SIGNALS && ret >= 0; i++) {
		bool wanted = true;

		ret = read_exporter(r, i, &wanted);
		r->config->targets[i].on &= wanted;
	}
	return ret;
}

static int read_rest(const struct reader *r)
{
	static const char *const temporalities[] = { "cumulative", "delta", "lowmemory" };
	static const char *const aggregations[] = { "explicit_bucket_histogram",
						    "base2_exponential_bucket_histogram" };
	struct otlp_config *config = r->config;
	struct found temporality = variable(r, TEMPORALITY), aggregation = variable(r, AGGREGATION);
	struct found resource = variable(r, "OTEL_RESOURCE_ATTRIBUTES");
	uint8_t exponential = 0;
	int ret = choose(r, &temporality, temporalities, ARRAY_LEN(temporalities),
			 "cumulative, delta and lowmemory", &config->temporality);

	if (ret >= 0)
		ret = choose(r, &aggregation, aggregations, ARRAY_LEN(aggregations),
			     "explicit_bucket_histogram and base2_exponential_bucket_histogram",
			     &exponential);
	config->exponential_histograms = exponential;
	config->sampler = arena_strdup(&config->arena, read_variable(r, "OTEL_TRACES_SAMPLER"));
	config->sampler_arg =
		arena_strdup(&config->arena, read_variable(r, "OTEL_TRACES_SAMPLER_ARG"));
	config->service_name = arena_strdup(&config->arena, read_variable(r, "OTEL_SERVICE_NAME"));
	if (ret >= 0 && resource.text)
		ret = read_pairs(r, &resource, &config->resource, &config->nresource);
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
	const struct reader r = { ret, flags, get, ctx, err };
	int code;

	*ret = (struct otlp_config){ 0 };
	code = read_signals(&r);
	if (code < 0 || !otlp_config_is_on(ret))
		return code;
	for (int i = 0; i < OTLP_SIGNALS && code >= 0; i++)
		if (ret->targets[i].on)
			code = read_target(&r, i);
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
	size_t prefix = sizeof(EXPORTER) - 1;

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
	if (len <= prefix || memcmp(name, EXPORTER, prefix) != 0)
		return true;
	name += prefix;
	len -= prefix;
	for (size_t i = 0; i < OTLP_SIGNALS; i++) {
		size_t own = strlen(signals[i].upper);

		if (len > own && memcmp(name, signals[i].upper, own) == 0 &&
		    is_exporter_word(name + own, len - own))
			return false;
	}
	return !is_exporter_word(name, len);
}
