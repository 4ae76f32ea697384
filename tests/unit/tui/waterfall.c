// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tui_page.h"
#include "runner/tui/trace/waterfall.h"

struct span {
	uint8_t trace[16], id[8], parent[8];
	uint64_t start, duration;
	char name[16];
};

static struct field span_fields[] = {
	FIELD("trace_id", "trace_id", 0, 128, 1, KIND_BYTES, MEAN_NONE),
	FIELD("span_id", "span_id", 16, 64, 1, KIND_BYTES, MEAN_NONE),
	FIELD("parent_span_id", "parent_span_id", 24, 64, 1, KIND_BYTES, MEAN_NONE),
	FIELD("span_monotonic_timestamp_ns", "start", 32, 64, 1, KIND_UINT, MEAN_NONE),
	FIELD("span_duration_ns", "duration", 40, 64, 1, KIND_UINT, MEAN_DURATION_NS),
	FIELD("span_name", "span_name", 48, 128, 1, KIND_TEXT, MEAN_NONE),
};
static const struct layout span_layout = LAYOUT(span_fields, "span", sizeof(struct span));

static struct span a_span(uint8_t trace, uint8_t id, uint8_t parent, uint64_t start,
			  uint64_t duration, const char *name)
{
	struct span span = { .trace = { trace },
			     .id = { id },
			     .parent = { parent },
			     .start = start,
			     .duration = duration };

	memcpy(span.name, name, strlen(name));
	return span;
}

static void assert_layout(const struct span *spans, uint32_t count, const char *want)
{
	struct span_row *rows = xcalloc(count + 1, sizeof(*rows));
	struct strbuf text = STRBUF_INIT(1 << 16);
	struct map_plan map = { .value = span_layout, .has_value = true, .role = ROLE_SPANS };
	struct record record = { 0 };
	struct arena arena = { 0 };
	struct span_plan plan;

	span_plan_init(&plan, &arena, &map);
	for (uint32_t i = 0; i < count; i++) {
		record.part[PART_VALUE] = &spans[i];
		span_row_read(&rows[i], &plan, &record, i);
	}
	arena_release(&arena);
	waterfall_layout(rows, count);
	for (uint32_t i = 0; i < count; i++)
		strbuf_addf(&text, "%s%*s%s %llu-%llu/%llu", i ? "\n" : "", (int)rows[i].depth, "",
			    spans[rows[i].number].name, (unsigned long long)rows[i].from_ns,
			    (unsigned long long)rows[i].to_ns,
			    (unsigned long long)rows[i].trace_ns);
	assert_string_equal(strbuf_str(&text), want);
	strbuf_release(&text);
	free(rows);
}

/* Spans come when they end: children before parents. */
static void test_waterfall_trees(void **state)
{
	const struct span spans[] = {
		a_span(1, 3, 2, 120, 20, "leaf"),  a_span(1, 4, 1, 160, 30, "second"),
		a_span(2, 1, 0, 500, 5, "other"),  a_span(1, 2, 1, 110, 40, "first"),
		a_span(1, 1, 0, 100, 100, "root"),
	};
	const struct span odd[] = {
		a_span(1, 1, 2, 10, 1, "ring a"),    a_span(1, 2, 1, 20, 1, "ring b"),
		a_span(1, 3, 3, 30, 1, "own"),	     a_span(1, 4, 9, 40, 1, "orphan"),
		a_span(1, 5, 4, 50, 1, "of orphan"), a_span(1, 0, 0, 60, INT64_MAX, "endless"),
		a_span(1, 6, 4, 45, 1, "twin"),	     a_span(1, 6, 4, 45, 1, "twin"),
	};
	/* It ended before it began. */
	const struct span backwards[] = { a_span(1, 1, 0, 10, (uint64_t)-5, "early") };

	assert_layout(spans, 0, "");
	assert_layout(spans, ARRAY_LEN(spans),
		      "other 0-5/5\n"
		      "root 0-100/100\n"
		      " first 10-50/100\n"
		      "  leaf 20-40/100\n"
		      " second 60-90/100");
	assert_layout(odd, ARRAY_LEN(odd),
		      "own 20-21/9223372036854775857\n"
		      "orphan 30-31/9223372036854775857\n"
		      " twin 35-36/9223372036854775857\n"
		      " twin 35-36/9223372036854775857\n"
		      " of orphan 40-41/9223372036854775857\n"
		      "endless 50-9223372036854775857/9223372036854775857\n"
		      "ring a 0-1/9223372036854775857\n"
		      "ring b 10-11/9223372036854775857");
	assert_layout(backwards, 1, "early 0-0/0");
}

static void test_waterfall_view(void **state)
{
	const struct span spans[] = {
		a_span(1, 3, 2, 120, 20, "leaf"),
		a_span(1, 4, 1, 160, 30, "second\x1b"),
		a_span(1, 2, 1, 110, 40, "first"),
		a_span(1, 1, 0, 100, 100, "root"),
	};
	struct model_opts opts = { .utf8 = true };
	struct model_page page;
	struct model_why why;
	struct record record;
	struct tui t;

	tui_init(&t, true);
	assert_false(model_do(t.model, OP_VIEW)); /* events are no spans */
	model_free(t.model);
	t.f.maps[MAP_NESTED].role = ROLE_SPANS;
	t.f.maps[MAP_NESTED].value = span_layout;
	t.model = model_new(&opts);
	model_add(t.model, &t.f.fake.source);
	tui_go(&t, "nested");
	assert_true(model_do(t.model, OP_VIEW));
	assert_page(&t, 60, 3, "  SPAN      DURATION\n(no events yet)\n");
	for (uint32_t i = 0; i < ARRAY_LEN(spans); i++) {
		record = record_of(&t.f, MAP_NESTED, &spans[i]);
		model_event(t.model, &t.f.fake.source, &record);
	}
	assert_page(&t, 60, 9,
		    "  SPAN            DURATION\n"
		    "  root               100ns  ████████████████████████████████\n"
		    "    first             40ns     ████████████▊\n"
		    "      leaf            20ns        ██████▍\n"
		    ">   second\\x1b        30ns                     █████████▌\n");
	model_page(t.model, 60, 9, &page);
	assert_true(page.columns[2].is_bars);
	assert_int_equal(model_filter(t.model, "span_duration_ns < 40", &why), 0);
	assert_rows(&t, 9, "leaf second\\x1b");
	assert_int_equal(model_filter(t.model, "LEA", &why), 0);
	assert_rows(&t, 9, "leaf");
	assert_true(model_do(t.model, OP_VIEW));
	assert_true(model_do(t.model, OP_UP) || true);
	for (uint32_t width = 0; width < 80; width++)
		free(page_text_of(&t, width, 4));
	tui_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waterfall_trees),
		cmocka_unit_test(test_waterfall_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
