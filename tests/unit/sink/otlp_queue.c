// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "base/clock.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_queue.h"

#define MS 1000000ull
#define SCOPE "\"scope\":{\"name\":\"bombus\",\"version\":\"" BOMBUS_VERSION "\"}"

static const struct otlp_origin origins[] = {
	{ 1, "\"resource\":1", 12 },
	{ 2, "\"resource\":2", 12 },
};

static struct otlp_queue *new_queue(uint64_t max_items, uint64_t max_batch, uint64_t delay_ms,
				    uint64_t give_up_ms)
{
	const struct otlp_queue_opts opts = { .shape = &otlp_spans_shape,
					      .json = true,
					      .max_items = max_items,
					      .max_batch = max_batch,
					      .delay_ns = delay_ms * MS,
					      .give_up_ns = give_up_ms * MS };

	return otlp_queue_new(&opts);
}

static bool put(struct otlp_queue *queue, int origin, uint32_t n)
{
	struct otlp_writer *w = otlp_queue_item(queue, &origins[origin]);

	if (!w)
		return false;
	otlp_enum(w, OTLP_KEY(1, "n"), n);
	otlp_queue_item_end(queue);
	return true;
}

static struct otlp_request *take(struct otlp_queue *queue)
{
	struct otlp_request *request = NULL;

	assert_int_equal(otlp_queue_wait(queue, now_mono_ns() + 1000 * MS, &request),
			 OTLP_WAIT_REQUEST);
	return request;
}

/* What was put is somewhere. */
static struct otlp_counts checked_counts(struct otlp_queue *queue)
{
	struct otlp_counts counts = otlp_queue_counts(queue);
	uint64_t sum = counts.sent + counts.queued;

	for (int i = 0; i < OTLP_DROPS; i++)
		sum += counts.dropped[i];
	assert_int_equal(sum, counts.put);
	if (!counts.queued)
		assert_int_equal(counts.queued_bytes, 0);
	return counts;
}

static void test_queue_groups_by_origin(void **state)
{
	struct otlp_queue *queue = new_queue(10, 4, 60000, 0);
	struct otlp_request *request;

	put(queue, 0, 1);
	put(queue, 0, 2);
	put(queue, 1, 3);
	put(queue, 0, 4);
	request = take(queue);
	assert_int_equal(request->items, 4);
	assert_string_equal(strbuf_str(&request->body),
			    "{\"resourceSpans\":["
			    "{\"resource\":1,\"scopeSpans\":[{" SCOPE
			    ",\"spans\":[{\"n\":1},{\"n\":2}]}]},"
			    "{\"resource\":2,\"scopeSpans\":[{" SCOPE ",\"spans\":[{\"n\":3}]}]},"
			    "{\"resource\":1,\"scopeSpans\":[{" SCOPE ",\"spans\":[{\"n\":4}]}]}"
			    "]}");
	otlp_queue_done(queue, 4, 0);
	assert_int_equal(checked_counts(queue).sent, 4);
	otlp_queue_free(queue);
}

/* Items of one service and several programs stand in a scope each. */
static void test_queue_has_a_scope_per_program(void **state)
{
	static const struct otlp_origin programs[] = {
		{ 1, "\"resource\":1", 12, "first" },
		{ 2, "\"resource\":1", 12, "second" },
	};
	struct otlp_queue *queue = new_queue(10, 2, 60000, 0);
	struct otlp_request *request;
	const char *text;

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		otlp_enum(otlp_queue_item(queue, &programs[i]), OTLP_KEY(1, "n"), 1);
		otlp_queue_item_end(queue);
	}
	request = take(queue);
	text = strbuf_str(&request->body);
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		_cleanup_free_ char *want =
			xasprintf("{\"scope\":{\"name\":\"bombus\",\"version\":\"" BOMBUS_VERSION
				  "\",\"attributes\":[{\"key\":\"bombus.program\",\"value\":"
				  "{\"stringValue\":\"%s\"}}]},\"spans\":[{\"n\":1}]}",
				  programs[i].program);

		assert_non_null(strstr(text, want));
	}
	otlp_queue_done(queue, 2, OTLP_DROP_REJECTED);
	otlp_queue_free(queue);
}

static void test_queue_sends_what_is_full_or_old(void **state)
{
	struct otlp_queue *queue = new_queue(10, 2, 50, 0);
	struct otlp_request *request;
	uint64_t start = now_mono_ns();

	assert_int_equal(otlp_queue_wait(queue, 0, &request), OTLP_WAIT_TIME);
	put(queue, 0, 1);
	put(queue, 0, 2);
	put(queue, 0, 3);
	assert_int_equal(take(queue)->items, 2);
	otlp_queue_done(queue, 2, 0);
	assert_true(now_mono_ns() - start < 50 * MS);
	assert_int_equal(take(queue)->items, 1);
	assert_true(now_mono_ns() - start >= 50 * MS);
	otlp_queue_done(queue, 1, 0);
	/* At the end what is there is sent at once. */
	put(queue, 0, 4);
	otlp_queue_close(queue);
	assert_int_equal(otlp_queue_wait(queue, UINT64_MAX, &request), OTLP_WAIT_REQUEST);
	otlp_queue_done(queue, 1, 0);
	assert_int_equal(otlp_queue_wait(queue, UINT64_MAX, &request), OTLP_WAIT_END);
	assert_int_equal(checked_counts(queue).sent, 4);
	otlp_queue_free(queue);
}

static void test_queue_waits_for_who_is_slow_and_drops_for_who_fails(void **state)
{
	struct otlp_queue *queue = new_queue(4, 2, 0, 0);
	uint64_t start = now_mono_ns();

	for (uint32_t i = 0; i < 4; i++)
		assert_true(put(queue, 0, i));
	/* Nobody takes anything: it is waited for once, and not again. */
	assert_false(put(queue, 0, 4));
	assert_true(now_mono_ns() - start >= OTLP_PATIENCE_NS);
	start = now_mono_ns();
	assert_false(put(queue, 0, 5));
	assert_true(now_mono_ns() - start < OTLP_PATIENCE_NS / 2);
	take(queue);
	otlp_queue_done(queue, 2, 0);
	assert_true(put(queue, 0, 6));
	assert_true(put(queue, 0, 7));
	/* A try that failed: no wait at all. */
	take(queue);
	assert_true(otlp_queue_park(queue, 0));
	start = now_mono_ns();
	assert_false(put(queue, 0, 8));
	assert_true(now_mono_ns() - start < OTLP_PATIENCE_NS / 2);
	assert_int_equal(checked_counts(queue).dropped[OTLP_DROP_QUEUE_FULL], 3);
	otlp_queue_done(queue, 1, OTLP_DROP_PARTIAL);
	assert_int_equal(checked_counts(queue).dropped[OTLP_DROP_PARTIAL], 1);
	otlp_queue_abandon(queue);
	assert_int_equal(checked_counts(queue).dropped[OTLP_DROP_UNSENT], 2);
	otlp_queue_free(queue);
}

static void *parked(void *arg)
{
	struct otlp_queue *queue = arg;
	bool stays;

	take(queue);
	stays = otlp_queue_park(queue, now_mono_ns() + 20000 * MS);
	return stays ? queue : NULL;
}

static void test_queue_gives_up_only_what_is_in_the_way(void **state)
{
	struct otlp_queue *queue = new_queue(4, 2, 0, 500);
	pthread_t thread;
	void *stays;

	for (uint32_t i = 0; i < 4; i++)
		assert_true(put(queue, 0, i));
	pthread_create(&thread, NULL, parked, queue);
	while (!otlp_queue_counts(queue).retries)
		usleep(1000);
	/* In the way, but not beyond its time; then that, but not in the way; then both. */
	assert_false(put(queue, 0, 4));
	usleep(600000);
	assert_int_equal(checked_counts(queue).dropped[OTLP_DROP_TIMEOUT], 0);
	assert_int_equal(checked_counts(queue).dropped[OTLP_DROP_QUEUE_FULL], 1);
	assert_true(put(queue, 0, 5));
	pthread_join(thread, &stays);
	assert_null(stays);
	assert_int_equal(checked_counts(queue).dropped[OTLP_DROP_TIMEOUT], 2);
	assert_int_equal(checked_counts(queue).queued, 3);
	otlp_queue_free(queue);
}

static void test_queue_takes_back_what_is_too_large(void **state)
{
	struct otlp_queue *queue = new_queue(100, 100, 0, 0);
	char *large = xcalloc(1, OTLP_REQUEST_MAX_BYTES);

	memset(large, 'x', OTLP_REQUEST_MAX_BYTES);
	for (int i = 0; i < 2; i++) {
		struct otlp_writer *w = otlp_queue_item(queue, &origins[0]);

		otlp_string(w, OTLP_KEY(2, "s"), large, OTLP_REQUEST_MAX_BYTES);
		otlp_queue_item_end(queue);
		assert_int_equal(otlp_queue_is_empty(queue), i == 0);
		if (i == 0)
			assert_true(put(queue, 0, 1));
	}
	assert_true(put(queue, 0, 2));
	assert_int_equal(checked_counts(queue).dropped[OTLP_DROP_TOO_LARGE], 2);
	assert_string_equal(strbuf_str(&take(queue)->body),
			    "{\"resourceSpans\":[{\"resource\":1,\"scopeSpans\":[{" SCOPE
			    ",\"spans\":[{\"n\":1},{\"n\":2}]}]}]}");
	otlp_queue_done(queue, 2, 0);
	checked_counts(queue);
	free(large);
	otlp_queue_free(queue);
}

static void test_queue_is_bounded_by_bytes(void **state)
{
	struct otlp_queue *queue = new_queue(UINT64_MAX, UINT64_MAX, 0, 0);
	char *text = xcalloc(1, OTLP_REQUEST_BYTES / 2);
	struct otlp_counts counts;
	struct otlp_writer *w;
	uint64_t taken = 0;

	memset(text, 'x', OTLP_REQUEST_BYTES / 2);
	while ((w = otlp_queue_item(queue, &origins[0]))) {
		otlp_string(w, OTLP_KEY(2, "s"), text, OTLP_REQUEST_BYTES / 2);
		otlp_queue_item_end_as(queue, 10);
		taken++;
	}
	counts = checked_counts(queue);
	assert_int_equal(counts.queued, 10 * taken);
	assert_in_range(counts.queued_bytes, OTLP_QUEUE_MAX_BYTES,
			OTLP_QUEUE_MAX_BYTES + OTLP_REQUEST_BYTES);
	assert_in_range(take(queue)->body.len, OTLP_REQUEST_BYTES, 2 * OTLP_REQUEST_BYTES);
	free(text);
	otlp_queue_free(queue);
}

/* One writes, one sends and fails now and then: nothing is lost or told twice. */
#define LOAD 200000u
static void *send_all(void *arg)
{
	struct otlp_queue *queue = arg;
	struct otlp_request *request;
	uint64_t sent = 0;

	while (otlp_queue_wait(queue, UINT64_MAX, &request) != OTLP_WAIT_END) {
		if (request->items % 7 == 3 && !otlp_queue_park(queue, now_mono_ns() + MS / 10))
			continue;
		sent += request->items;
		otlp_queue_done(queue, request->items, 0);
	}
	return (void *)(uintptr_t)sent;
}

static void test_queue_adds_up_under_load(void **state)
{
	struct otlp_queue *queue = new_queue(64, 17, 0, 0);
	struct otlp_counts counts;
	pthread_t thread;
	void *sent;

	pthread_create(&thread, NULL, send_all, queue);
	for (uint32_t i = 0; i < LOAD; i++)
		put(queue, (int)(i / 5 % 2), i);
	otlp_queue_close(queue);
	pthread_join(thread, &sent);
	counts = checked_counts(queue);
	assert_int_equal(counts.put, LOAD);
	assert_int_equal(counts.sent, (uintptr_t)sent);
	assert_int_equal(counts.sent + counts.dropped[OTLP_DROP_QUEUE_FULL], LOAD);
	otlp_queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue_groups_by_origin),
		cmocka_unit_test(test_queue_has_a_scope_per_program),
		cmocka_unit_test(test_queue_sends_what_is_full_or_old),
		cmocka_unit_test(test_queue_waits_for_who_is_slow_and_drops_for_who_fails),
		cmocka_unit_test(test_queue_gives_up_only_what_is_in_the_way),
		cmocka_unit_test(test_queue_takes_back_what_is_too_large),
		cmocka_unit_test(test_queue_is_bounded_by_bytes),
		cmocka_unit_test(test_queue_adds_up_under_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
