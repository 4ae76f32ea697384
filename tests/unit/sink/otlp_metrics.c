// SPDX-License-Identifier: Apache-2.0
/* Series and records as OTLP's metrics and log records, in JSON; the times stand for T. */
#include "tests/support/sink_fixture.h"

#include <ctype.h>

#include "runner/sink/otlp/otlp_config.h"
#include "runner/sink/otlp/otlp_logs.h"
#include "runner/sink/otlp/otlp_metrics.h"

struct exporter {
	struct fixture f;
	struct otlp_config config;
	struct otlp_queue *queue;
	struct otlp_metrics *metrics;
};

static const char *no_variable(void *ctx, const char *name)
{
	return NULL;
}

static const struct otlp_origin origin = { 1, "\"resource\":1", 12 };

static void init(struct exporter *e, const struct otlp_shape *shape)
{
	const struct otlp_queue_opts opts = {
		.shape = shape, .json = true, .max_items = UINT64_MAX, .max_batch = UINT64_MAX
	};
	const struct otlp_flags flags = { .url = "" };

	fixture_init(&e->f);
	assert_int_equal(otlp_config_read(&e->config, &flags, no_variable, NULL, NULL), 0);
	e->queue = otlp_queue_new(&opts);
	e->metrics = NULL;
}

static void start_metrics(struct exporter *e)
{
	const struct otlp_metrics_opts opts = { .config = &e->config,
						.json = true,
						.source = &e->f.fake.source,
						.naming = &naming_usual,
						.origin = &origin,
						.queue = e->queue };

	e->metrics = otlp_metrics_new(&opts);
}

static void release(struct exporter *e)
{
	otlp_metrics_free(e->metrics);
	otlp_queue_free(e->queue);
	otlp_config_release(&e->config);
	fixture_release(&e->f);
}

/* The items of the only request there is, times replaced; "" without one. malloc'ed. */
static char *take_items(struct exporter *e, const char *list)
{
	struct otlp_request *request;
	char *text, *to;

	if (otlp_queue_wait(e->queue, 0, &request) != OTLP_WAIT_REQUEST)
		return xstrdup("");
	text = strstr(strbuf_str(&request->body), list);
	assert_non_null(text);
	text = xstrdup(text + strlen(list));
	otlp_queue_done(e->queue, request->items, 0);
	assert_true(otlp_queue_is_empty(e->queue));
	to = text;
	for (const char *from = text; *from;) {
		const char *name = "UnixNano\":\"";

		if (strncmp(from, name, strlen(name)) == 0) {
			from += strlen(name);
			while (isdigit((unsigned char)*from))
				from++;
			to = mempcpy(to, "UnixNano\":\"T", 12);
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return text;
}

static void assert_metrics(struct exporter *e, const char *want)
{
	_cleanup_free_ char *text = NULL;

	otlp_metrics_collect(e->metrics);
	text = take_items(e, "\"metrics\":");
	if (*text)
		text[strlen(text) - strlen("}]}]}")] = '\0';
	assert_string_equal(text, want);
}

#define START_TIME "\"startTimeUnixNano\":\"T\",\"timeUnixNano\":\"T\","
#define TIME "\"timeUnixNano\":\"T\","
#define CONN(last)                                                                                 \
	"\"attributes\":[{\"key\":\"daddr_v4\",\"value\":{\"stringValue\":\"10.0.0." last "\"}}]"
#define CONNS                                                                                      \
	"{\"name\":\"ebpf.conns\",\"description\":\"Connections by "                               \
	"destination.\",\"sum\":{\"dataPoints\":["
#define SUM_END(temporality) "],\"aggregationTemporality\":" temporality ",\"isMonotonic\":true}}"

static void test_metrics_are_cumulative(void **state)
{
	struct exporter e;

	init(&e, &otlp_metrics_shape);
	start_metrics(&e);
	assert_metrics(&e, "");
	put_conns(&e.f, 7, 1ull << 63);
	assert_metrics(&e, "[" CONNS "{" START_TIME CONN("1") ",\"asInt\":\"7\"},{" START_TIME CONN(
				   "2") ",\"asDouble\":9.223372036854776e+18}" SUM_END("2") "]");
	put_conns(&e.f, 9, 0); /* what is gone stays: it counted */
	assert_metrics(&e, "[" CONNS "{" START_TIME CONN("1") ",\"asInt\":\"9\"},{" START_TIME CONN(
				   "2") ",\"asDouble\":9.223372036854776e+18}" SUM_END("2") "]");
	release(&e);
}

static void test_metrics_are_deltas(void **state)
{
	struct exporter e;

	init(&e, &otlp_metrics_shape);
	e.config.temporality = OTLP_DELTA;
	start_metrics(&e);
	put_conns(&e.f, 7, 5);
	assert_metrics(&e, "[" CONNS "{" START_TIME CONN("1") ",\"asInt\":\"7\"},{" START_TIME CONN(
				   "2") ",\"asInt\":\"5\"}" SUM_END("1") "]");
	/* What did not change is left out; what began anew is new. */
	put_conns(&e.f, 10, 5);
	assert_metrics(&e, "[" CONNS "{" START_TIME CONN("1") ",\"asInt\":\"3\"}" SUM_END("1") "]");
	put_conns(&e.f, 4, 6);
	assert_metrics(&e, "[" CONNS "{" START_TIME CONN("1") ",\"asInt\":\"4\"},{" START_TIME CONN(
				   "2") ",\"asInt\":\"1\"}" SUM_END("1") "]");
	put_conns(&e.f, 4, 6);
	assert_metrics(&e, "");
	release(&e);
}

#define PEER                                                                                       \
	"\"attributes\":[{\"key\":\"src_addr\",\"value\":{\"stringValue\":\"10.0.0.9\"}},{"        \
	"\"key\":\"src_port\",\"value\":{\"intValue\":\"443\"}}]"
static void test_metrics_have_types_units_and_attributes(void **state)
{
	struct exporter e;

	init(&e, &otlp_metrics_shape);
	start_metrics(&e);
	sweep_begin(&e.f, MAP_HTTP);
	put_http(&e.f, 443, 1000, -3);
	sweep_end(&e.f, MAP_HTTP);
	assert_metrics(
		&e,
		"[{\"name\":\"ebpf.http\",\"description\":\"Sent \\\\ received.\\u000aBoth.\","
		"\"unit\":\"By\",\"sum\":{\"dataPoints\":[{" START_TIME PEER
		",\"asInt\":\"1000\"}" SUM_END("2") ",{\"name\":\"ebpf.http_depth\","
						    "\"description\":\"depth of the map http.\","
						    "\"gauge\":{\"dataPoints\":[{" TIME PEER
						    ",\"asInt\":\"-3\"}]}}]");
	release(&e);
}

#define DISK "\"attributes\":[{\"key\":\"disk\",\"value\":{\"stringValue\":\"vda\"}}]"
#define LAT                                                                                        \
	"[{\"name\":\"ebpf.lat\",\"description\":\"Values of the map "                             \
	"lat.\",\"unit\":\"s\","
static void test_metrics_have_histograms(void **state)
{
	struct exporter e;

	init(&e, &otlp_metrics_shape);
	e.config.temporality = OTLP_LOWMEMORY;
	/* These bounds are not exponential. */
	e.config.exponential_histograms = true;
	start_metrics(&e);
	observe(&e.f, "vda", 1);
	observe(&e.f, "vda", 6);
	observe(&e.f, "vda", 2000);
	assert_metrics(&e, LAT "\"histogram\":{\"dataPoints\":[{" START_TIME DISK
			       ",\"count\":\"3\",\"sum\":0.002007,\"bucketCounts\":"
			       "[\"1\",\"0\",\"1\",\"1\"],\"explicitBounds\":[1e-06,5e-06,0.001]}],"
			       "\"aggregationTemporality\":1}}]");
	observe(&e.f, "vda", 6);
	put_conns(&e.f, 1, 0);
	assert_metrics(
		&e,
		"[" CONNS "{" START_TIME CONN("1") ",\"asInt\":\"1\"}" SUM_END(
			"2") ","
			     "{\"name\":\"ebpf.lat\",\"description\":\"Values of the map "
			     "lat.\",\"unit\":\"s\","
			     "\"histogram\":{\"dataPoints\":[{" START_TIME DISK
			     ",\"count\":\"1\",\"sum\":6e-06,\"bucketCounts\":"
			     "[\"0\",\"0\",\"1\",\"0\"],\"explicitBounds\":[1e-06,5e-06,0.001]}],"
			     "\"aggregationTemporality\":1}}]");
	release(&e);
}

/* Bounds 1, 2, 4 .. 2^10 of whole numbers: bucket n of scale 0 holds (2^n, 2^(n+1)]. */
static void test_metrics_have_exponential_histograms(void **state)
{
	struct exporter e;

	init(&e, &otlp_metrics_shape);
	e.config.exponential_histograms = true;
	metric_release(&e.f.metrics[MAP_LAT]);
	series_free(e.f.fake.series[MAP_LAT]);
	e.f.maps[MAP_LAT].buckets = "exp2 0 10";
	lat_fields[1].unit = NULL;
	lat_fields[1].meaning = MEAN_NONE;
	assert_int_equal(metric_compile(&e.f.metrics[MAP_LAT], &e.f.maps[MAP_LAT], NULL, NULL), 0);
	e.f.fake.series[MAP_LAT] = series_new(&e.f.metrics[MAP_LAT], &(struct series_opts){ 0 });
	start_metrics(&e);
	observe(&e.f, "vda", 0);
	observe(&e.f, "vda", 1);
	observe(&e.f, "vda", 4);
	observe(&e.f, "vda", 9);
	observe(&e.f, "vda", 16);
	assert_metrics(&e, "[{\"name\":\"ebpf.lat\",\"description\":\"Values of the map lat.\","
			   "\"exponentialHistogram\":{\"dataPoints\":[{" START_TIME DISK
			   ",\"count\":\"5\",\"sum\":30,\"scale\":0,\"zeroCount\":\"2\","
			   "\"positive\":{\"offset\":1,\"bucketCounts\":[\"1\",\"0\",\"2\"]},"
			   "\"zeroThreshold\":1}],\"aggregationTemporality\":2}}]");
	lat_fields[1].unit = "us";
	lat_fields[1].meaning = MEAN_DURATION_US;
	release(&e);
}

static void test_metrics_tell_the_overflow(void **state)
{
	struct exporter e;

	init(&e, &otlp_metrics_shape);
	series_free(e.f.fake.series[MAP_CONNS]);
	e.f.fake.series[MAP_CONNS] =
		series_new(&e.f.metrics[MAP_CONNS], &(struct series_opts){ .max_series = 1 });
	start_metrics(&e);
	put_conns(&e.f, 7, 5);
	assert_metrics(&e,
		       "[" CONNS "{" START_TIME "\"attributes\":[{\"key\":\"otel.metric.overflow\","
		       "\"value\":{\"boolValue\":true}}],\"asInt\":\"5\"},"
		       "{" START_TIME CONN("1") ",\"asInt\":\"7\"}" SUM_END("2") "]");
	release(&e);
}

/* A series begins with the last collection that did not see it. */
static void test_metrics_know_when_a_series_began(void **state)
{
	unsigned long long start[3][2], now[3];
	struct otlp_request *request;
	struct exporter e;

	init(&e, &otlp_metrics_shape);
	start_metrics(&e);
	for (int i = 0; i < 3; i++) {
		const char *at;

		put_conns(&e.f, 1 + i, i ? 5 + i : 0);
		otlp_metrics_collect(e.metrics);
		assert_int_equal(otlp_queue_wait(e.queue, 0, &request), OTLP_WAIT_REQUEST);
		at = strbuf_str(&request->body);
		for (int k = 0; k < (i ? 2 : 1); k++) {
			at = strstr(at, "\"startTimeUnixNano\":\"") + 21;
			start[i][k] = strtoull(at, NULL, 10);
		}
		now[i] = strtoull(strstr(at, "\"timeUnixNano\":\"") + 16, NULL, 10);
		otlp_queue_done(e.queue, 1, 0);
	}
	assert_true(start[0][0] && start[0][0] < now[0]);
	assert_int_equal(start[1][0], start[0][0]);
	assert_int_equal(start[2][0], start[0][0]);
	assert_int_equal(start[1][1], now[0]);
	assert_int_equal(start[2][1], now[0]);
	release(&e);
}

static void test_logs_have_all_fields(void **state)
{
	struct otlp_resources *resources;
	struct connlat event = a_connlat();
	_cleanup_free_ char *text = NULL;
	struct resolver *resolver;
	struct otlp_logs *logs;
	struct record record;
	struct exporter e;

	init(&e, &otlp_logs_shape);
	resolver = resolver_new(e.f.clock);
	resources = otlp_resources_new(&e.config, true, OTLP_RESOURCE_PATHS);
	e.config.log_attributes.count = 3;
	e.config.log_attributes.value_chars = 4;
	logs = otlp_logs_new(&e.config, true, &e.f.fake.source, resources, resolver, e.queue);
	record = record_of(&e.f, MAP_EVENTS, &event);
	otlp_logs_event(logs, &record);
	text = take_items(&e, "\"logRecords\":");
	text[strlen(text) - strlen("}]}]}")] = '\0';
	assert_string_equal(
		text,
		"[{\"timeUnixNano\":\"T\",\"severityNumber\":9,\"severityText\":\"INFO\",\"body\":{"
		"\"stringValue\":\"saddr_v4=10.0.0.1 daddr_v4=8.8.8.8 comm=telnet delta_us=1220 "
		"ts_us=5149693413 tgid=15173 af=2\"},\"attributes\":["
		"{\"key\":\"saddr_v4\",\"value\":{\"stringValue\":\"10.0\"}},"
		"{\"key\":\"daddr_v4\",\"value\":{\"stringValue\":\"8.8.\"}},"
		"{\"key\":\"comm\",\"value\":{\"stringValue\":\"teln\"}}],"
		"\"droppedAttributesCount\":4,\"observedTimeUnixNano\":\"T\","
		"\"eventName\":\"events\"}]");
	otlp_logs_free(logs);
	otlp_resources_free(resources);
	resolver_free(resolver);
	release(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics_are_cumulative),
		cmocka_unit_test(test_metrics_are_deltas),
		cmocka_unit_test(test_metrics_have_types_units_and_attributes),
		cmocka_unit_test(test_metrics_have_histograms),
		cmocka_unit_test(test_metrics_have_exponential_histograms),
		cmocka_unit_test(test_metrics_tell_the_overflow),
		cmocka_unit_test(test_metrics_know_when_a_series_began),
		cmocka_unit_test(test_logs_have_all_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
