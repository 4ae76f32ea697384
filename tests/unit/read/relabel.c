// SPDX-License-Identifier: Apache-2.0
/* Labels by regular expressions, alone and in a plan; and the ceiling for all series together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runner/read/text/decode.h"
#include "runner/read/series/relabel.h"
#include "runner/read/series/series.h"
#include "tests/support/read_fixture.h"

struct event {
	char comm[16];
	uint32_t pid;
	uint8_t addr[4];
};

static struct field fields[] = {
	FIELD(struct event, comm, KIND_TEXT),
	FIELD(struct event, pid, KIND_UINT),
	FIELD(struct event, addr, KIND_UINT, .meaning = MEAN_IPV4),
};
static struct map_plan map = { .name = "events",
			       .symbol = "events",
			       .role = ROLE_COUNTER,
			       .source = SOURCE_RING,
			       .has_value = true,
			       .value = LAYOUT(struct event, fields) };

static void check(const struct field *field, const char *regex, const char *replacement,
		  const struct event *e, const char *want)
{
	uint8_t text[RELABEL_BYTES];
	struct relabel *relabel;
	struct err err = { 0 };

	if (relabel_new(&relabel, field, regex, replacement, &err) < 0)
		fail_msg("%s", err.msg);
	memset(text, 0xaa, sizeof(text));
	relabel_run(relabel, e, text);
	assert_string_equal((char *)text, want);
	for (size_t i = strlen(want); i < sizeof(text); i++)
		assert_int_equal(text[i], 0);
	relabel_free(relabel);
}

static void test_relabel_texts(void **state)
{
	struct event e = { "kworker/3:1", 4711, { 10, 1, 2, 3 } };
	struct event odd = { "\xff\xfe\x01", 0, { 0 } };

	check(&fields[0], "kworker/.*", "kworker", &e, "kworker");
	check(&fields[0], "([a-z]+)/(\\d+).*", "$2-$1", &e, "3-kworker");
	check(&fields[0], "(?<name>[a-z]+)/.*", "${name}$$", &e, "kworker$");
	check(&fields[0], "kworker", "x", &e, "kworker/3:1"); /* not the whole */
	check(&fields[0], ".*", "", &e, "");
	check(&fields[0], "(a)?.*", "<$1>", &e, "<>");
	check(&fields[1], "(\\d)\\d*", "${1}xxx", &e, "4xxx");
	check(&fields[2], "(\\d+\\.\\d+)\\..*", "$1.0.0/16", &e, "10.1.0.0/16");
	check(&fields[0], ".*",
	      "0123456789012345678901234567890123456789012345678901234567890123456", &e,
	      "012345678901234567890123456789012345678901234567890123456789012");
	check(&fields[0], "\\xff.*", "odd", &odd, "odd");
	check(&fields[0], "(.*)", "$1", &odd, "\xff\xfe\x01");
	/* Needs more steps than it is given: stays. */
	check(&fields[0], "(?:(?:(?:k|kw|w|o|r)*)*)*z", "x",
	      &(struct event){ .comm = "kwkwkwkwkwkwkwo" }, "kwkwkwkwkwkwkwo");
}

static void test_relabel_refuses(void **state)
{
	static const char *const bad[][2] = {
		{ "(", "x" }, { "a", "$1" }, { "(a)", "$2" }, { "a", "${" }
	};
	struct relabel *relabel = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };

		if (relabel_new(&relabel, &fields[0], bad[i][0], bad[i][1], &err) >= 0)
			fail_msg("%s -> %s was taken", bad[i][0], bad[i][1]);
		assert_int_equal(err.exit, EXIT_USAGE);
	}
}

/* Series that become equal are one, and their counts add up. */
static void test_relabel_joins_series(void **state)
{
	static const struct metric_relabel words[] = { { "comm", "kworker/.*", "kworker" } };
	static const char *const drop[] = { "pid", "addr" };
	struct metric_plan plan = compile(
		&map, &(struct metric_opts){
			      .relabels = words, .nrelabels = 1, .drop = drop, .ndrop = 2 });
	struct series *series = series_new(&plan, NULL);
	struct series_rows rows;
	uint64_t cursor = 0;
	char text[256];
	size_t len;

	assert_labels(&plan, "comm");
	assert_int_equal(plan.key_bytes, RELABEL_BYTES);
	for (uint32_t i = 0; i < 100; i++) {
		struct event e = { .pid = i };
		struct record record = record_of(&map, NULL, &e);
		uint8_t key[RELABEL_BYTES];

		snprintf(e.comm, sizeof(e.comm), i % 4 ? "kworker/%u" : "sshd", i);
		metric_key(&plan, &record, key);
		metric_event(&plan, &record, series_touch(series, key, 1));
	}
	series_rows_init(&rows, &plan, 8);
	assert_true(series_read(series, &cursor, 0, false, &rows));
	assert_int_equal(rows.count, 2);
	len = field_text(text, &plan.labels[0].in_key, rows.keys, STYLE_PLAIN, NULL);
	text[len] = '\0';
	assert_string_equal(text, "sshd");
	assert_int_equal(rows.cells[0].u, 25);
	assert_int_equal(rows.cells[1].u, 75);
	series_rows_release(&rows);
	series_free(series);
	metric_release(&plan);
}

static void test_relabel_unknown_field(void **state)
{
	static const struct metric_relabel words[] = { { "com", ".*", "x" } };
	struct metric_opts opts = { .relabels = words, .nrelabels = 1 };
	struct metric_plan plan;
	struct err err = { 0 };

	assert_true(metric_compile(&plan, &map, &opts, &err) < 0);
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_non_null(strstr(err.hint, "comm"));
}

/* Two tables share what there is; what does not fit is counted, and nothing is lost. */
static void test_budget_is_kept(void **state)
{
	struct series_budget budget = { .max_bytes = 1 << 20 };
	struct series_opts opts = { .max_series = 1 << 24, .budget = &budget };
	struct metric_plan plan = compile(&map, NULL);
	struct series *a = series_new(&plan, &opts), *b = series_new(&plan, &opts);
	struct series_rows rows;
	uint64_t sum = 0, cursor = 0, overflow = 0;

	for (uint32_t i = 0; i < 200000; i++) {
		struct event e = { .pid = i };
		struct record record = record_of(&map, NULL, &e);
		uint8_t key[64];

		metric_key(&plan, &record, key);
		metric_event(&plan, &record, series_touch(i % 2 ? a : b, key, 1));
		assert_true(budget.used_bytes <= budget.max_bytes);
	}
	assert_true(budget.used_bytes > budget.max_bytes / 2);
	assert_true(series_stats(a).live > 1000 && series_stats(a).live < 20000);
	assert_int_equal(series_stats(a).live + series_stats(a).overflowed, 100000);
	series_rows_init(&rows, &plan, 64);
	while (series_read(a, &cursor, 0, false, &rows))
		for (uint32_t i = 0; i < rows.count; i++) {
			sum += rows.cells[i].u;
			overflow += rows.flags[i] & SERIES_OVERFLOW ? rows.cells[i].u : 0;
		}
	assert_int_equal(sum, 100000);
	assert_int_equal(overflow, series_stats(a).overflowed);
	series_rows_release(&rows);
	series_free(a);
	series_free(b);
	assert_int_equal(budget.used_bytes, 0);
	metric_release(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relabel_texts),
		cmocka_unit_test(test_relabel_refuses),
		cmocka_unit_test(test_relabel_joins_series),
		cmocka_unit_test(test_relabel_unknown_field),
		cmocka_unit_test(test_budget_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
