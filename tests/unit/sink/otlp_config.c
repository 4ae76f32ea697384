// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_config.h"

/* NAME=value, ended by NULL. */
static const char *from_list(void *ctx, const char *name)
{
	const char *const *list = ctx;
	size_t len = strlen(name);

	for (; *list; list++)
		if (strncmp(*list, name, len) == 0 && (*list)[len] == '=')
			return *list + len + 1;
	return NULL;
}

#define E "OTEL_EXPORTER_OTLP_"
#define VARIABLES(...) ((const char *[]){ __VA_ARGS__, NULL })

static int read_config(struct otlp_config *config, const char *url, const char *protocol,
		       const char **variables, struct err *err)
{
	const struct otlp_flags flags = { .url = url, .protocol = protocol };

	*err = (struct err){ 0 };
	return otlp_config_read(config, &flags, from_list, variables, err);
}

static void test_config_decides_what_is_on(void **state)
{
	static const struct {
		const char *url, *variables[4];
		bool traces, metrics, logs;
	} cases[] = {
		{ NULL, { NULL } },
		{ "", { NULL }, true, true, true },
		{ NULL, { E "ENDPOINT=" } },
		{ NULL, { E "ENDPOINT=http://a:1" }, true, true, true },
		{ NULL, { E "LOGS_ENDPOINT=http://a:1/x" }, false, false, true },
		{ NULL, { E "METRICS_ENDPOINT=http://a:1/x" }, false, true, false },
		{ "", { "OTEL_TRACES_EXPORTER=none" }, false, true, true },
		{ "", { "OTEL_TRACES_EXPORTER=" }, true, true, true },
		{ "",
		  { "OTEL_METRICS_EXPORTER=none", "OTEL_LOGS_EXPORTER=otlp" },
		  true,
		  false,
		  true },
		{ NULL, { "OTEL_TRACES_EXPORTER=otlp" } },
		/* While it is off nobody looks at what else is there. */
		{ NULL, { "OTEL_TRACES_EXPORTER=zipkin", E "PROTOCOL=thrift" } },
		{ NULL, { E "ENDPOINT=http://a:1", "OTEL_SDK_DISABLED=TRUE" } },
		{ NULL, { E "ENDPOINT=http://a:1", "OTEL_SDK_DISABLED=yes" }, true, true, true },
		{ NULL, { E "ENDPOINT=http://a:1", "OTEL_SDK_DISABLED=1" }, true, true, true },
		{ "http://b:2", { "OTEL_SDK_DISABLED=true" }, true, true, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct otlp_config config;
		struct err err;

		if (read_config(&config, cases[i].url, NULL, (const char **)cases[i].variables,
				&err) < 0)
			fail_msg("%zu: %s", i, err.msg);
		assert_int_equal(config.targets[OTLP_TRACES].on, cases[i].traces);
		assert_int_equal(config.targets[OTLP_METRICS].on, cases[i].metrics);
		assert_int_equal(config.targets[OTLP_LOGS].on, cases[i].logs);
		assert_int_equal(otlp_config_is_on(&config),
				 cases[i].traces || cases[i].metrics || cases[i].logs);
		otlp_config_release(&config);
	}
}

static void test_config_makes_urls(void **state)
{
	static const char grpc[] = "/opentelemetry.proto.collector.";
	static const struct {
		const char *url, *protocol, *variables[4], *traces, *logs;
	} cases[] = {
		{ "",
		  NULL,
		  { NULL },
		  "http://localhost:4318/v1/traces",
		  "http://localhost:4318/v1/logs" },
		{ "http://a", NULL, { NULL }, "http://a/v1/traces", "http://a/v1/logs" },
		{ "a:1", NULL, { NULL }, "http://a:1/v1/traces", "http://a:1/v1/logs" },
		{ "https://a/x/", NULL, { NULL }, "https://a/x/v1/traces", "https://a/x/v1/logs" },
		{ "https://a/x?k=v",
		  NULL,
		  { NULL },
		  "https://a/x/v1/traces?k=v",
		  "https://a/x/v1/logs?k=v" },
		{ NULL,
		  NULL,
		  { E "ENDPOINT=http://a:1/x", E "LOGS_ENDPOINT=http://b:2/y/" },
		  "http://a:1/x/v1/traces",
		  "http://b:2/y/" },
		{ NULL,
		  NULL,
		  { E "ENDPOINT=http://a:1", E "LOGS_ENDPOINT=" },
		  "http://a:1/v1/traces",
		  "http://a:1/v1/logs" },
		{ NULL,
		  NULL,
		  { E "ENDPOINT=http://a:1/x?k=v#there" },
		  "http://a:1/x/v1/traces?k=v",
		  "http://a:1/x/v1/logs?k=v" },
		/* The command line wins over all of them. */
		{ "http://c:3",
		  NULL,
		  { E "ENDPOINT=http://a:1/x", E "LOGS_ENDPOINT=http://b:2/y/" },
		  "http://c:3/v1/traces",
		  "http://c:3/v1/logs" },
		{ "",
		  NULL,
		  { E "ENDPOINT=http://a:1", E "LOGS_ENDPOINT=http://b:2/y" },
		  "http://a:1/v1/traces",
		  "http://b:2/y" },
		{ "",
		  "grpc",
		  { NULL },
		  "http://localhost:4317%strace.v1.TraceService/Export",
		  "http://localhost:4317%slogs.v1.LogsService/Export" },
		{ NULL,
		  NULL,
		  { E "PROTOCOL=grpc", E "ENDPOINT=https://a:1/ignored?x" },
		  "https://a:1%strace.v1.TraceService/Export",
		  "https://a:1%slogs.v1.LogsService/Export" },
		{ NULL,
		  NULL,
		  { E "PROTOCOL=grpc", E "ENDPOINT=a:1", E "LOGS_INSECURE=true" },
		  "https://a:1%strace.v1.TraceService/Export",
		  "http://a:1%slogs.v1.LogsService/Export" },
		{ NULL,
		  "http/json",
		  { E "PROTOCOL=grpc", E "ENDPOINT=http://a:1" },
		  "http://a:1/v1/traces",
		  "http://a:1/v1/logs" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *want[] = { cases[i].traces, cases[i].logs };
		const enum otlp_signal signals[] = { OTLP_TRACES, OTLP_LOGS };
		struct otlp_config config;
		struct err err;

		if (read_config(&config, cases[i].url, cases[i].protocol,
				(const char **)cases[i].variables, &err) < 0)
			fail_msg("%zu: %s", i, err.msg);
		for (size_t k = 0; k < 2; k++) {
			const char *at = strstr(want[k], "%s");
			_cleanup_free_ char *text = at ? xasprintf("%.*s%s%s", (int)(at - want[k]),
								   want[k], grpc, at + 2)
						       : xstrdup(want[k]);

			assert_string_equal(config.targets[signals[k]].url, text);
		}
		otlp_config_release(&config);
	}
}

static void test_config_reads_a_target(void **state)
{
	struct otlp_config config;
	const struct otlp_target *t;
	struct err err;

	assert_int_equal(
		read_config(&config, "", NULL,
			    VARIABLES(E "HEADERS= a = 1%2C2 ,b=,X-C=d=e, ,", E "LOGS_HEADERS=z=%zz",
				      E "TIMEOUT=5", E "LOGS_TIMEOUT=0", E "COMPRESSION=GZIP",
				      E "LOGS_COMPRESSION=none", E "CERTIFICATE=/ca",
				      E "CLIENT_KEY=/k", E "CLIENT_CERTIFICATE=/c",
				      E "LOGS_CERTIFICATE=/other", E "LOGS_PROTOCOL=http/json"),
			    &err),
		0);
	t = &config.targets[OTLP_TRACES];
	assert_int_equal(t->nheaders, 3);
	assert_string_equal(t->headers[0], "a: 1,2");
	assert_string_equal(t->headers[1], "b;");
	assert_string_equal(t->headers[2], "X-C: d=e");
	assert_int_equal(t->timeout_ms, 5);
	assert_true(t->gzip);
	assert_int_equal(t->protocol, OTLP_HTTP_PROTOBUF);
	assert_string_equal(t->ca_file, "/ca");
	assert_string_equal(t->key_file, "/k");
	assert_string_equal(t->cert_file, "/c");
	t = &config.targets[OTLP_LOGS];
	assert_int_equal(t->nheaders, 1);
	assert_string_equal(t->headers[0], "z: %zz");
	assert_int_equal(t->timeout_ms, 0);
	assert_false(t->gzip);
	assert_int_equal(t->protocol, OTLP_HTTP_JSON);
	assert_string_equal(t->ca_file, "/other");
	assert_string_equal(t->cert_file, "/c");
	otlp_config_release(&config);
}

static void test_config_has_the_defaults_of_the_specification(void **state)
{
	struct otlp_config c;
	struct err err;

	assert_int_equal(read_config(&c, "", NULL, VARIABLES("X="), &err), 0);
	assert_int_equal(c.targets[OTLP_TRACES].timeout_ms, 10000);
	assert_int_equal(c.targets[OTLP_TRACES].protocol, OTLP_HTTP_PROTOBUF);
	assert_false(c.targets[OTLP_TRACES].gzip);
	assert_int_equal(c.batching[OTLP_TRACES].delay_ms, 5000);
	assert_int_equal(c.batching[OTLP_LOGS].delay_ms, 1000);
	assert_int_equal(c.batching[OTLP_METRICS].delay_ms, 60000);
	for (int i = 0; i < OTLP_SIGNALS; i++)
		assert_int_equal(c.batching[i].give_up_ms, 30000);
	assert_int_equal(c.batching[OTLP_TRACES].max_queue_items, 2048);
	assert_int_equal(c.batching[OTLP_TRACES].max_batch_items, 512);
	assert_int_equal(c.batching[OTLP_LOGS].max_queue_items, 2048);
	assert_int_equal(c.batching[OTLP_LOGS].max_batch_items, 512);
	assert_int_equal(c.temporality, OTLP_CUMULATIVE);
	assert_false(c.exponential_histograms);
	assert_true(c.span_attributes.value_chars == UINT64_MAX);
	assert_int_equal(c.span_attributes.count, 128);
	assert_int_equal(c.log_attributes.count, 128);
	assert_int_equal(c.max_span_events, 128);
	assert_int_equal(c.max_span_links, 128);
	assert_null(c.sampler);
	assert_null(c.service_name);
	otlp_config_release(&c);
}

static void test_config_reads_the_rest(void **state)
{
	struct otlp_config c;
	struct err err;

	assert_int_equal(
		read_config(
			&c, "", NULL,
			VARIABLES("OTEL_BSP_SCHEDULE_DELAY=1", "OTEL_BSP_EXPORT_TIMEOUT=2",
				  "OTEL_BSP_MAX_QUEUE_SIZE=3", "OTEL_BLRP_SCHEDULE_DELAY=4",
				  "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE=5",
				  "OTEL_METRIC_EXPORT_INTERVAL=6", "OTEL_METRIC_EXPORT_TIMEOUT=7",
				  E "METRICS_TEMPORALITY_PREFERENCE=LowMemory",
				  E "METRICS_DEFAULT_HISTOGRAM_AGGREGATION="
				    "base2_exponential_bucket_histogram",
				  "OTEL_ATTRIBUTE_COUNT_LIMIT=8",
				  "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT=9",
				  "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=10",
				  "OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.5",
				  "OTEL_SERVICE_NAME=me", "OTEL_RESOURCE_ATTRIBUTES=a=b%20c,d=e"),
			&err),
		0);
	assert_int_equal(c.batching[OTLP_TRACES].delay_ms, 1);
	assert_int_equal(c.batching[OTLP_TRACES].give_up_ms, 2);
	assert_int_equal(c.batching[OTLP_TRACES].max_queue_items, 3);
	assert_int_equal(c.batching[OTLP_TRACES].max_batch_items, 3);
	assert_int_equal(c.batching[OTLP_LOGS].delay_ms, 4);
	assert_int_equal(c.batching[OTLP_LOGS].max_batch_items, 5);
	assert_int_equal(c.batching[OTLP_METRICS].delay_ms, 6);
	assert_int_equal(c.batching[OTLP_METRICS].give_up_ms, 7);
	assert_int_equal(c.temporality, OTLP_LOWMEMORY);
	assert_true(c.exponential_histograms);
	assert_int_equal(c.span_attributes.count, 8);
	assert_int_equal(c.log_attributes.count, 9);
	assert_int_equal(c.log_attributes.value_chars, 10);
	assert_string_equal(c.sampler, "traceidratio");
	assert_string_equal(c.sampler_arg, "0.5");
	assert_string_equal(c.service_name, "me");
	assert_int_equal(c.nresource, 2);
	assert_string_equal(c.resource[0].value, "b c");
	otlp_config_release(&c);
}

static void test_config_refuses_by_name(void **state)
{
	static const char *const cases[] = {
		"OTEL_TRACES_EXPORTER=zipkin",
		"OTEL_METRICS_EXPORTER=prometheus",
		"OTEL_LOGS_EXPORTER=console",
		"OTEL_LOGS_EXPORTER=otlp,none",
		E "PROTOCOL=http",
		E "TRACES_PROTOCOL=thrift",
		E "COMPRESSION=zstd",
		E "TIMEOUT=soon",
		E "TIMEOUT=-1",
		E "ENDPOINT=localhost:4318",
		E "LOGS_ENDPOINT=ftp://a/",
		E "HEADERS=secret",
		E "HEADERS==secret",
		E "HEADERS=content-length=secret",
		E "ENDPOINT=http://user:secret@a:1",
		E "ENDPOINT=http://[::1",
		E "HEADERS=a b=secret",
		E "HEADERS=a=secret%0d%0ac:d",
		E "HEADERS=a=secret%00c",
		E "METRICS_TEMPORALITY_PREFERENCE=sometimes",
		E "METRICS_DEFAULT_HISTOGRAM_AGGREGATION=none",
		"OTEL_BSP_MAX_QUEUE_SIZE=0",
		"OTEL_BLRP_SCHEDULE_DELAY=1s",
		"OTEL_METRIC_EXPORT_INTERVAL=99999999999999999999",
		"OTEL_SPAN_EVENT_COUNT_LIMIT=many",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *name = xstrndup(cases[i], strcspn(cases[i], "="));
		const char *variables[] = { cases[i], NULL };
		struct otlp_config config;
		struct err err;

		if (read_config(&config, "", NULL, variables, &err) != -EINVAL &&
		    err.exit != EXIT_USAGE)
			fail_msg("%s was taken", cases[i]);
		assert_int_equal(err.exit, EXIT_USAGE);
		if (!strstr(err.msg, name))
			fail_msg("%s is not in '%s'", name, err.msg);
		/* What may be a secret is not repeated. */
		assert_null(strstr(err.msg, "secret"));
		otlp_config_release(&config);
	}
}

static void test_config_knows_what_it_does_not_look_at(void **state)
{
	static const struct {
		const char *name;
		bool unknown;
	} cases[] = {
		{ "PATH" },
		{ "OTEL" },
		{ "OTEL_SDK_DISABLED" },
		{ "OTEL_BSP_SCHEDULE_DELAY" },
		{ "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT" },
		{ "OTEL_EXPORTER_OTLP_ENDPOINT" },
		{ "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY" },
		{ "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE" },
		{ "OTEL_PROPAGATORS", true },
		{ "OTEL_BSP_SCHEDULE_DELAYS", true },
		{ "OTEL_EXPORTER_OTLP_", true },
		{ "OTEL_EXPORTER_OTLP_LOGS_TEMPORALITY_PREFERENCE", true },
		{ "OTEL_EXPORTER_ZIPKIN_ENDPOINT", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(otlp_variable_is_unknown(cases[i].name, strlen(cases[i].name)),
				 cases[i].unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_decides_what_is_on),
		cmocka_unit_test(test_config_makes_urls),
		cmocka_unit_test(test_config_reads_a_target),
		cmocka_unit_test(test_config_has_the_defaults_of_the_specification),
		cmocka_unit_test(test_config_reads_the_rest),
		cmocka_unit_test(test_config_refuses_by_name),
		cmocka_unit_test(test_config_knows_what_it_does_not_look_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
