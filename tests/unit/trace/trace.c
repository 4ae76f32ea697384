// SPDX-License-Identifier: Apache-2.0
/* libbombus-trace: ids, names, times and W3C's traceparent. What listens is tests/kernel/traces.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "include/bombus/trace.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void test_trace_root_and_child(void **state)
{
	static const unsigned char zero[16];
	struct bombus_span root, other, child;
	uint64_t before = now_ns(), after;

	bombus_span_start(&root, NULL, "root");
	bombus_span_start(&other, NULL, NULL); /* such as a variable that is not set */
	assert_string_equal(other.name, "");
	bombus_span_start(&other, NULL, "other");
	bombus_span_start(&child, &root, "child");
	after = now_ns();
	assert_memory_not_equal(root.trace_id, zero, 16);
	assert_memory_not_equal(root.span_id, zero, 8);
	assert_memory_equal(root.parent_span_id, zero, 8);
	assert_memory_not_equal(root.trace_id, other.trace_id, 16);
	assert_memory_equal(child.trace_id, root.trace_id, 16);
	assert_memory_equal(child.parent_span_id, root.span_id, 8);
	assert_memory_not_equal(child.span_id, root.span_id, 8);
	assert_int_equal(root.flags, BOMBUS_SPAN_SAMPLED);
	assert_int_equal(child.flags, BOMBUS_SPAN_SAMPLED);
	assert_int_equal(child.kind, 1);
	assert_int_equal(child.status, 0);
	assert_string_equal(child.name, "child");
	assert_true(before <= root.start_ns && root.start_ns <= child.start_ns);
	assert_true(child.start_ns <= after);
}

static void test_trace_end_measures(void **state)
{
	struct timespec nap = { .tv_nsec = 3000000 };
	struct bombus_span span;

	bombus_span_start(&span, NULL, "nap");
	nanosleep(&nap, NULL);
	bombus_span_end(&span);
	assert_true(span.duration_ns >= 3000000);
	assert_true(span.start_ns + span.duration_ns <= now_ns());
}

/* A span may be the child of what it was before. */
static void test_trace_child_in_place(void **state)
{
	struct bombus_span span, before;

	bombus_span_start(&span, NULL, "before");
	before = span;
	bombus_span_start(&span, &span, "after");
	assert_memory_equal(span.trace_id, before.trace_id, 16);
	assert_memory_equal(span.parent_span_id, before.span_id, 8);
	assert_string_equal(span.name, "after");
}

static void test_trace_ids_differ(void **state)
{
	enum { COUNT = 1000 };
	static struct bombus_span spans[COUNT];

	for (int i = 0; i < COUNT; i++)
		bombus_span_start(&spans[i], i ? &spans[0] : NULL, "many");
	for (int i = 0; i < COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(spans[i].span_id, spans[j].span_id, 8);
}

static void test_trace_names_are_cut_between_characters(void **state)
{
	static const struct {
		const char *fill; /* repeated until it is long enough */
		size_t len;	  /* what is left of it */
	} cases[] = {
		{ "a", 63 },
		{ "\xc3\xa9", 62 },	    /* two bytes each */
		{ "\xe2\x82\xac", 63 },	    /* three */
		{ "\xf0\x9f\x90\x9d", 60 }, /* four */
	};
	struct bombus_span span;
	char name[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t unit = strlen(cases[i].fill);

		memset(name, 0, sizeof(name));
		for (size_t len = 0; len + unit < sizeof(name); len += unit)
			memcpy(name + len, cases[i].fill, unit);
		bombus_span_start(&span, NULL, name);
		assert_int_equal(strlen(span.name), cases[i].len);
		assert_memory_equal(span.name, name, cases[i].len);
	}
	bombus_span_start(&span, NULL, "");
	assert_string_equal(span.name, "");
	name[63] = '\0';
	bombus_span_start(&span, NULL, name);
	assert_string_equal(span.name, name);
}

static void test_trace_parent_there_and_back(void **state)
{
	struct bombus_span span, child;
	char text[BOMBUS_TRACEPARENT_SIZE], wanted[BOMBUS_TRACEPARENT_SIZE];

	assert_int_equal(bombus_span_start_remote(&span, "00-" TRACE "-" SPAN "-01", "here"), 0);
	assert_int_equal(span.trace_id[0], 0x0a);
	assert_int_equal(span.trace_id[15], 0x9c);
	assert_int_equal(span.parent_span_id[0], 0xb7);
	assert_int_equal(span.parent_span_id[7], 0x31);
	assert_int_equal(span.flags, BOMBUS_SPAN_SAMPLED);
	assert_string_equal(span.name, "here");
	bombus_traceparent(&span, text);
	snprintf(wanted, sizeof(wanted), "00-" TRACE "-%02x%02x%02x%02x%02x%02x%02x%02x-01",
		 span.span_id[0], span.span_id[1], span.span_id[2], span.span_id[3],
		 span.span_id[4], span.span_id[5], span.span_id[6], span.span_id[7]);
	assert_string_equal(text, wanted);
	assert_int_equal(bombus_span_start_remote(&child, text, "there"), 0);
	assert_memory_equal(child.parent_span_id, span.span_id, 8);
}

static void test_trace_not_sampled_is_inherited(void **state)
{
	struct bombus_span span, child;
	char text[BOMBUS_TRACEPARENT_SIZE];

	assert_int_equal(bombus_span_start_remote(&span, "00-" TRACE "-" SPAN "-00", "here"), 0);
	bombus_span_start(&child, &span, "child");
	assert_int_equal(child.flags, 0);
	bombus_traceparent(&child, text);
	assert_string_equal(text + 52, "-00");
	/* Flags that nobody knows are not handed on. */
	assert_int_equal(bombus_span_start_remote(&span, "00-" TRACE "-" SPAN "-ff", "here"), 0);
	bombus_traceparent(&span, text);
	assert_string_equal(text + 52, "-01");
}

static void test_trace_parent_texts(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{ "00-" TRACE "-" SPAN "-01", 0 },
		{ "01-" TRACE "-" SPAN "-01", 0 },
		{ "cc-" TRACE "-" SPAN "-01-what-will-be", 0 },
		{ "00-" TRACE "-" SPAN "-01-", -1 },
		{ "00-" TRACE "-" SPAN "-01-more", -1 },
		{ "cc-" TRACE "-" SPAN "-01.what", -1 },
		{ "ff-" TRACE "-" SPAN "-01", -1 },
		{ "00-00000000000000000000000000000000-" SPAN "-01", -1 },
		{ "00-" TRACE "-0000000000000000-01", -1 },
		{ "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", -1 },
		{ "00-" TRACE "-" SPAN "-0", -1 },
		{ "00-" TRACE "-" SPAN "-", -1 },
		{ "00-" TRACE "-" SPAN, -1 },
		{ "00-" TRACE "-b7ad6b716920333-01", -1 },
		{ "00-" TRACE "--01", -1 },
		{ "00-" TRACE SPAN "-01", -1 },
		{ "00", -1 },
		{ "0", -1 },
		{ "", -1 },
		{ NULL, -1 },
		{ " 00-" TRACE "-" SPAN "-01", -1 },
		{ "0g-" TRACE "-" SPAN "-01", -1 },
		{ "00-" TRACE "-" SPAN "-01 ", -1 },
	};
	struct bombus_span span, untouched;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&span, 0x5a, sizeof(span));
		untouched = span;
		if (bombus_span_start_remote(&span, cases[i].text, "remote") != cases[i].rc)
			fail_msg("%s", cases[i].text ?: "NULL");
		if (cases[i].rc < 0)
			assert_memory_equal(&span, &untouched, sizeof(span));
	}
}

/* Nobody listens: they do nothing, but have to be there. */
static void test_trace_following_is_harmless(void **state)
{
	struct bombus_span span;

	bombus_span_start(&span, NULL, "followed");
	bombus_follow_thread(&span);
	bombus_follow_socket(-1, &span);
	bombus_follow_thread(NULL);
	bombus_follow_socket(0, NULL);
	bombus_span_end(&span);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace_root_and_child),
		cmocka_unit_test(test_trace_end_measures),
		cmocka_unit_test(test_trace_child_in_place),
		cmocka_unit_test(test_trace_ids_differ),
		cmocka_unit_test(test_trace_names_are_cut_between_characters),
		cmocka_unit_test(test_trace_parent_there_and_back),
		cmocka_unit_test(test_trace_not_sampled_is_inherited),
		cmocka_unit_test(test_trace_parent_texts),
		cmocka_unit_test(test_trace_following_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
