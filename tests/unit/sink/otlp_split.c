// SPDX-License-Identifier: Apache-2.0
/* Requests in halves: what is in them, in both encodings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/proto_read.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_queue.h"
#include "runner/sink/otlp/otlp_split.h"

#define MS 1000000ull
#define SCOPE "\"scope\":{\"name\":\"bombus\",\"version\":\"" BOMBUS_VERSION "\"}"

static const struct otlp_origin json_origins[] = { { 1, "\"resource\":1", 12 },
						   { 2, "\"resource\":2", 12 } };
/* Field 1, a message with a number. */
static const struct otlp_origin proto_origins[] = { { 1, "\x0a\x02\x08\x01", 4 },
						    { 2, "\x0a\x02\x08\x02", 4 } };

static struct otlp_queue *new_queue(const struct otlp_shape *shape, bool json)
{
	const struct otlp_queue_opts opts = { .shape = shape,
					      .json = json,
					      .prefix_bytes = json ? 0 : 5,
					      .max_items = 100,
					      .max_batch = 100 };

	return otlp_queue_new(&opts);
}

static struct otlp_request *take(struct otlp_queue *queue)
{
	struct otlp_request *request = NULL;

	assert_int_equal(otlp_queue_wait(queue, now_mono_ns() + 1000 * MS, &request),
			 OTLP_WAIT_REQUEST);
	return request;
}

static void put_span(struct otlp_queue *queue, const struct otlp_origin *origin, uint32_t n)
{
	struct otlp_writer *w = otlp_queue_item(queue, origin);

	otlp_enum(w, OTLP_KEY(1, "n"), n);
	otlp_queue_item_end(queue);
}

static void put_metric(struct otlp_queue *queue, const struct otlp_origin *origin, const char *name,
		       uint32_t points)
{
	struct otlp_writer *w = otlp_queue_item(queue, origin);
	size_t data;

	otlp_string(w, OTLP_KEY(1, "name"), name, strlen(name));
	data = otlp_message(w, OTLP_KEY(7, "sum"));
	otlp_list(w, OTLP_KEY(1, "dataPoints"));
	for (uint32_t i = 0; i < points; i++) {
		size_t point = otlp_item(w, OTLP_KEY(1, NULL));

		otlp_double(w, OTLP_KEY(4, "asDouble"), i + 0.1);
		otlp_end(w, point);
	}
	otlp_list_end(w);
	otlp_bool(w, OTLP_KEY(3, "isMonotonic"), true);
	otlp_end(w, data);
	otlp_queue_item_end_as(queue, points);
}

static void test_json_spans_in_halves(void **state)
{
	struct otlp_queue *queue = new_queue(&otlp_spans_shape, true);
	struct otlp_request *request;

	put_span(queue, &json_origins[0], 1);
	put_span(queue, &json_origins[0], 2);
	put_span(queue, &json_origins[1], 3);
	put_span(queue, &json_origins[0], 4);
	put_span(queue, &json_origins[0], 5);
	otlp_queue_close(queue);
	assert_int_equal(take(queue)->items, 5);
	assert_true(otlp_queue_split(queue));
	request = take(queue);
	assert_int_equal(request->items, 2);
	assert_string_equal(strbuf_str(&request->body),
			    "{\"resourceSpans\":[{\"resource\":1,\"scopeSpans\":[{" SCOPE
			    ",\"spans\":[{\"n\":1},{\"n\":2}]}]}]}");
	otlp_queue_done(queue, 2, 0);
	request = take(queue);
	assert_int_equal(request->items, 3);
	assert_string_equal(strbuf_str(&request->body),
			    "{\"resourceSpans\":[{\"resource\":2,\"scopeSpans\":[{" SCOPE
			    ",\"spans\":[{\"n\":3}]}]},{\"resource\":1,\"scopeSpans\":[{" SCOPE
			    ",\"spans\":[{\"n\":4},{\"n\":5}]}]}]}");
	otlp_queue_done(queue, 3, 0);
	assert_int_equal(otlp_queue_counts(queue).sent, 5);
	assert_int_equal(otlp_queue_counts(queue).queued_bytes, 0);
	assert_int_equal(otlp_queue_counts(queue).splits, 1);
	otlp_queue_free(queue);
}

static void test_json_points_of_a_metric_in_halves(void **state)
{
	struct otlp_queue *queue = new_queue(&otlp_metrics_shape, true);
	struct otlp_request *request;

	put_metric(queue, &json_origins[0], "a", 3);
	otlp_queue_close(queue);
	assert_int_equal(take(queue)->items, 3);
	assert_true(otlp_queue_split(queue));
	request = take(queue);
	assert_int_equal(request->items, 1);
	assert_string_equal(strbuf_str(&request->body),
			    "{\"resourceMetrics\":[{\"resource\":1,\"scopeMetrics\":[{" SCOPE
			    ",\"metrics\":[{\"name\":\"a\",\"sum\":{\"dataPoints\":[{\"asDouble\":"
			    "0.10000000000000001}],\"isMonotonic\":true}}]}]}]}");
	otlp_queue_free(queue);
}

/* All leaves of a protobuf request, as text: what stands at the end of the path. */
static void walk(struct strbuf *dst, struct bytes from, const uint8_t *path)
{
	struct proto_field field;

	while (proto_take(&from, &field)) {
		if (field.number != *path)
			continue;
		if (path[1])
			walk(dst, field.bytes, path + 1);
		else if (field.bytes.len == 8)
			strbuf_addf(dst, "%g ",
				    *(const double *)memcpy(&(double){ 0 }, field.bytes.ptr, 8));
		else
			strbuf_addf(dst, "%llu ", (unsigned long long)field.value);
	}
}

static void assert_leaves(struct otlp_queue *queue, const uint8_t *path, uint64_t items,
			  const char *want)
{
	struct otlp_request *request = take(queue);
	struct strbuf sb = STRBUF_INIT(4096);

	assert_int_equal(request->items, items);
	assert_memory_equal(request->body.buf, "\0\0\0\0\0", 5);
	walk(&sb, bytes_of(request->body.buf + 5, request->body.len - 5), path);
	assert_string_equal(strbuf_str(&sb), want);
	strbuf_release(&sb);
}

static void test_protobuf_in_halves_and_quarters(void **state)
{
	static const uint8_t spans[] = { 1, 2, 2, 1, 0 }, resources[] = { 1, 1, 1, 0 };
	struct otlp_queue *queue = new_queue(&otlp_spans_shape, false);

	for (uint32_t i = 1; i <= 4; i++)
		put_span(queue, &proto_origins[i > 3], i);
	otlp_queue_close(queue);
	assert_leaves(queue, spans, 4, "1 2 3 4 ");
	assert_true(otlp_queue_split(queue));
	assert_leaves(queue, spans, 2, "1 2 ");
	assert_leaves(queue, resources, 2, "1 ");
	assert_true(otlp_queue_split(queue));
	assert_leaves(queue, spans, 1, "1 ");
	/* One alone is dropped and counted. */
	assert_false(otlp_queue_split(queue));
	assert_leaves(queue, spans, 1, "2 ");
	otlp_queue_done(queue, 1, 0);
	assert_leaves(queue, spans, 2, "3 4 ");
	assert_leaves(queue, resources, 2, "1 2 ");
	otlp_queue_done(queue, 2, 0);
	assert_int_equal(otlp_queue_counts(queue).sent, 3);
	assert_int_equal(otlp_queue_counts(queue).dropped[OTLP_DROP_TOO_LARGE], 1);
	assert_int_equal(otlp_queue_counts(queue).queued, 0);
	assert_int_equal(otlp_queue_counts(queue).queued_bytes, 0);
	otlp_queue_free(queue);
}

static void test_protobuf_points_in_halves(void **state)
{
	static const uint8_t points[] = { 1, 2, 2, 7, 1, 4, 0 };
	struct otlp_queue *queue = new_queue(&otlp_metrics_shape, false);

	put_metric(queue, &proto_origins[0], "first", 3);
	put_metric(queue, &proto_origins[0], "second", 2);
	otlp_queue_close(queue);
	assert_leaves(queue, points, 5, "0.1 1.1 2.1 0.1 1.1 ");
	assert_true(otlp_queue_split(queue));
	assert_leaves(queue, points, 2, "0.1 1.1 ");
	otlp_queue_done(queue, 2, 0);
	assert_leaves(queue, points, 3, "2.1 0.1 1.1 ");
	otlp_queue_free(queue);
}

/* A receiver that takes little is sent little from then on. */
static void test_requests_become_smaller(void **state)
{
	struct otlp_queue *queue = new_queue(&otlp_spans_shape, true);
	static char text[3000];
	struct otlp_writer *w;

	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 8; i++) {
		w = otlp_queue_item(queue, &json_origins[0]);
		otlp_string(w, OTLP_KEY(1, "text"), text, sizeof(text));
		otlp_queue_item_end(queue);
		if (i == 3) {
			take(queue);
			assert_true(otlp_queue_split(queue));
		}
	}
	assert_int_equal(take(queue)->items, 2);
	otlp_queue_done(queue, 2, 0);
	assert_int_equal(take(queue)->items, 2);
	otlp_queue_done(queue, 2, 0);
	assert_int_equal(take(queue)->items, 2);
	otlp_queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_spans_in_halves),
		cmocka_unit_test(test_json_points_of_a_metric_in_halves),
		cmocka_unit_test(test_protobuf_in_halves_and_quarters),
		cmocka_unit_test(test_protobuf_points_in_halves),
		cmocka_unit_test(test_requests_become_smaller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
