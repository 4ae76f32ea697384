// SPDX-License-Identifier: Apache-2.0
/*
 * How fast spans become OTLP requests: from the record to the bytes that a sender would take, on
 * one thread. A span has 4 attributes of its own, beside ids, times, a name and a status.
 *
 *	bench_sink_spans [SECONDS]
 *
 * Prints one line of JSON: spans a second of processor time for each encoding.
 */
#include <stddef.h>
#include <time.h>
#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_config.h"
#include "runner/sink/otlp/otlp_traces.h"
#include "tests/support/fake_source.h"

#define BATCH 512

struct rec {
	uint8_t trace_id[16], span_id[8], parent_id[8];
	uint64_t start, took;
	char name[16];
	int32_t status;
	uint32_t pid;
	char comm[16];
	uint8_t addr[4];
	uint64_t bytes;
};

#define FIELD(text, member, k, m)                                                                  \
	{                                                                                          \
		.name = text, .path = text, .label = text,                                         \
		.off_bits = 8 * (uint32_t)offsetof(struct rec, member),                            \
		.size_bits = 8 * (uint32_t)sizeof(((struct rec *)0)->member), .count = 1,          \
		.kind = (k), .meaning = (m), .is_signed = (k) == KIND_INT                          \
	}

static struct field fields[] = {
	FIELD("trace_id", trace_id, KIND_BYTES, MEAN_NONE),
	FIELD("span_id", span_id, KIND_BYTES, MEAN_NONE),
	FIELD("parent_span_id", parent_id, KIND_BYTES, MEAN_NONE),
	FIELD("span_monotonic_timestamp_ns", start, KIND_UINT, MEAN_NONE),
	FIELD("span_duration_ns", took, KIND_UINT, MEAN_NONE),
	FIELD("span_name", name, KIND_TEXT, MEAN_NONE),
	FIELD("span_status", status, KIND_INT, MEAN_ERRNO),
	FIELD("pid", pid, KIND_UINT, MEAN_PID),
	FIELD("comm", comm, KIND_TEXT, MEAN_NONE),
	FIELD("addr", addr, KIND_UINT, MEAN_IPV4),
	FIELD("bytes", bytes, KIND_UINT, MEAN_SIZE_BYTES),
};

static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const char *no_variable(void *ctx, const char *name)
{
	return NULL;
}

/* Takes what was encoded, as a sender does. */
static size_t drain(struct otlp_queue *queue)
{
	struct otlp_request *request;
	size_t bytes = 0;

	while (otlp_queue_wait(queue, 0, &request) == OTLP_WAIT_REQUEST) {
		bytes += request->body.len;
		otlp_queue_done(queue, request->items, 0);
	}
	return bytes;
}

static void run(bool json, double seconds)
{
	struct map_plan map = { .name = "calls",
				.role = ROLE_SPANS,
				.has_value = true,
				.value = { .fields = fields,
					   .nfields = ARRAY_LEN(fields),
					   .size_bytes = sizeof(struct rec) } };
	struct plan plan = { .maps = &map, .nmaps = 1 };
	struct wallclock *clock = wallclock_new();
	struct fake_source fake;
	struct otlp_flags flags = { .url = "http://127.0.0.1:1" };
	struct otlp_queue_opts opts = {
		.shape = &otlp_spans_shape, .json = json, .max_items = 8 * BATCH, .max_batch = BATCH
	};
	struct rec rec = {
		.took = 1500, .name = "connect", .comm = "curl", .addr = { 10, 0, 0, 1 }
	};
	struct record record = { .map = &map, .part = { NULL, &rec }, .value_bytes = sizeof(rec) };
	struct resolver *resolver = resolver_new(clock);
	struct otlp_queue *queue = otlp_queue_new(&opts);
	struct otlp_resources *resources;
	struct otlp_config config;
	struct otlp_traces *traces;
	struct err err = { 0 };
	uint64_t count = 0, bytes = 0;
	double start, took;

	fake_source_init(&fake, "bench", &plan, clock);
	if (otlp_config_read(&config, &flags, no_variable, NULL, &err) < 0)
		exit(EXIT_FAILED);
	resources = otlp_resources_new(&config, json, OTLP_RESOURCE_PATHS);
	if (otlp_traces_new(&traces, &config, json, &fake.source, resources, resolver, queue,
			    &err) < 0)
		exit(EXIT_FAILED);
	memset(rec.trace_id, 0x5a, sizeof(rec.trace_id));
	for (start = cpu_seconds(); (took = cpu_seconds() - start) < seconds; count += BATCH) {
		rec.start = now_mono_ns();
		for (uint32_t i = 0; i < BATCH; i++) {
			rec.pid = i;
			rec.bytes = count;
			rec.status = i % 16 ? 0 : -111;
			otlp_traces_event(traces, &record);
		}
		otlp_traces_flush(traces);
		bytes += drain(queue);
	}
	printf("\"%s_per_cpu_s\":%.0f,\"%s_bytes\":%.0f,", json ? "json" : "protobuf",
	       (double)count / took, json ? "json" : "protobuf", (double)bytes / (double)count);
	otlp_traces_free(traces);
	otlp_resources_free(resources);
	otlp_queue_free(queue);
	otlp_config_release(&config);
	resolver_free(resolver);
	fake_source_release(&fake);
	wallclock_free(clock);
}

int main(int argc, char **argv)
{
	double seconds = 1;

	if (argc > 1 && parse_double(argv[1], &seconds) < 0)
		return EXIT_USAGE;
	printf("{\"bench\":\"sink_spans\",");
	run(false, seconds);
	run(true, seconds);
	printf("\"seconds\":%.3f}\n", seconds);
	return EXIT_DONE;
}
