// SPDX-License-Identifier: Apache-2.0
/* Texts of labels that are kept, and series that read the same. */
#include "tests/support/sink_fixture.h"
#include "runner/sink/prometheus/catalogue.h"
#include "runner/sink/prometheus/merge.h"
#include "runner/sink/prometheus/scrape.h"

static struct expo_set set_of(const char *text)
{
	return (struct expo_set){ text, strlen(text) };
}

static void assert_kept(const struct label_cache *cache, uint32_t place, uint64_t id,
			const char *text)
{
	struct expo_set set;

	assert_true(label_cache_get(cache, 1, EXPO_SETS_TEXT, place, id, &set));
	assert_int_equal(set.len, strlen(text));
	assert_memory_equal(set.bytes, text, set.len);
}

static void test_labels_are_kept_by_id(void **state)
{
	struct label_cache *cache = label_cache_new(2, 1 << 20);
	struct expo_set set;
	char text[32];

	assert_false(label_cache_get(cache, 1, EXPO_SETS_TEXT, 0, 1, &set));
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "n=\"%u\"", i);
		label_cache_put(cache, 1, EXPO_SETS_TEXT, i, i + 1, set_of(text));
	}
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "n=\"%u\"", i);
		assert_kept(cache, i, i + 1, text);
	}
	/* Of another series at its place, another map, another format: not. */
	assert_false(label_cache_get(cache, 1, EXPO_SETS_TEXT, 7, 9, &set));
	assert_false(label_cache_get(cache, 0, EXPO_SETS_TEXT, 7, 8, &set));
	assert_false(label_cache_get(cache, 1, EXPO_SETS_PROTOBUF, 7, 8, &set));
	label_cache_put(cache, 1, EXPO_SETS_TEXT, 7, 2000, set_of(""));
	assert_kept(cache, 7, 2000, "");
	assert_kept(cache, 8, 9, "n=\"8\"");
	label_cache_free(cache);
}

/* Series come and go at one place: what they leave behind is used again. */
static void test_labels_of_gone_series_take_no_memory(void **state)
{
	struct label_cache *cache = label_cache_new(2, 1 << 20);
	uint64_t bytes;
	char text[128];

	for (uint64_t id = 1; id < 100000; id++) {
		snprintf(text, sizeof(text), "a_label_of_some_length=\"%llu\"",
			 (unsigned long long)id);
		label_cache_put(cache, 1, EXPO_SETS_TEXT, id % 100, id, set_of(text));
		assert_kept(cache, id % 100, id, text);
		if (id == 1000)
			bytes = label_cache_bytes(cache);
	}
	assert_int_equal(label_cache_bytes(cache), bytes);
	label_cache_free(cache);
}

static void test_labels_are_bounded(void **state)
{
	struct label_cache *cache = label_cache_new(2, 100000);
	struct expo_set set;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < 100000; i++)
		label_cache_put(cache, 1, EXPO_SETS_TEXT, i, i + 1, set_of("some=\"text\""));
	for (uint32_t i = 0; i < 100000; i++)
		kept += label_cache_get(cache, 1, EXPO_SETS_TEXT, i, i + 1, &set);
	assert_in_range(label_cache_bytes(cache), 50000, 100000);
	assert_in_range(kept, 1000, 9000);
	label_cache_free(cache);
	cache = label_cache_new(2, 0);
	label_cache_put(cache, 1, EXPO_SETS_TEXT, 0, 1, set_of("x"));
	assert_false(label_cache_get(cache, 1, EXPO_SETS_TEXT, 0, 1, &set));
	label_cache_free(cache);
}

/* `of` NULL: one that keeps nothing. */
static char *scrape_of(struct fixture *f, const struct expo_format *format,
		       struct scrape_source *of)
{
	struct scrape_source *plain = of ? NULL : scrape_source_new(&f->fake.source, 0);
	struct scrape_source *source = of ? of : plain;
	struct scrape_opts opts = { .catalogue = catalogue_new(&naming_usual, &source, 1),
				    .format = format,
				    .naming = &naming_usual };
	struct scrape *scrape = scrape_new(&opts);
	struct strbuf sb = STRBUF_INIT(1 << 24);
	char piece[777];
	ssize_t n;

	while ((n = scrape_read(scrape, piece, sizeof(piece))) > 0)
		strbuf_add(&sb, piece, n);
	scrape_free(scrape);
	catalogue_unref(opts.catalogue);
	if (plain)
		scrape_source_remove(plain);
	assert_true(sb.len > 0);
	for (char *p = sb.buf; p < sb.buf + sb.len; p++)
		*p = *p ? *p : '0';
	return strbuf_steal(&sb);
}

/* Whether it is kept or made, it reads the same, also when series come and go. */
static void test_a_scrape_with_kept_labels_is_the_same(void **state)
{
	const struct expo_format *formats[] = { &expo_text, &expo_openmetrics, &expo_protobuf };
	struct scrape_source *of;
	static const char *const drop[] = { "daddr_v4" };
	struct fixture f;

	fixture_init(&f);
	/* And of a map whose only series has no labels. */
	series_free(f.fake.series[MAP_CONNS]);
	metric_release(&f.metrics[MAP_CONNS]);
	assert_int_equal(metric_compile(&f.metrics[MAP_CONNS], &f.maps[MAP_CONNS],
					&(struct metric_opts){ .drop = drop, .ndrop = 1 }, NULL),
			 0);
	f.fake.series[MAP_CONNS] = series_new(&f.metrics[MAP_CONNS], NULL);
	of = scrape_source_new(&f.fake.source, 1 << 20);
	for (unsigned round = 0; round < 12; round++) {
		_cleanup_free_ char *made = NULL, *kept = NULL;

		sweep_begin(&f, MAP_CONNS);
		for (unsigned i = 0; i < 100; i++)
			if ((i + round) % 3)
				put_conn(&f, (uint8_t)i, i + round);
		sweep_end(&f, MAP_CONNS);
		sweep_begin(&f, MAP_HTTP);
		for (unsigned i = 0; i < 100; i++)
			put_http(&f, (uint16_t)(i * (round / 4 + 1)), i, -(int64_t)round);
		sweep_end(&f, MAP_HTTP);
		observe(&f, round % 2 ? "vda" : "vdb", round);
		made = scrape_of(&f, formats[round % 3], NULL);
		kept = scrape_of(&f, formats[round % 3], of);
		assert_string_equal(made, kept);
	}
	assert_true(label_cache_bytes(of->cache) > 0);
	scrape_source_remove(of);
	fixture_release(&f);
}

static void test_merge_adds_up_by_type(void **state)
{
	struct family families[] = {
		{ .field = conns_value, .type = METRIC_COUNTER, .cell_type = CELL_U64, .cell = 0 },
		{ .field = conns_value, .type = METRIC_GAUGE, .cell_type = CELL_I64, .cell = 1 },
		{ .field = conns_value, .type = METRIC_GAUGE, .cell_type = CELL_DOUBLE, .cell = 2 },
		{ .type = METRIC_GAUGE, .cell_type = CELL_U64, .cell = 3 },
		{ .type = METRIC_HISTOGRAM, .cell_type = CELL_U64, .cell = 4, .nbounds = 1 },
	};
	struct metric_plan plan = { .families = families, .nfamilies = 5, .ncells = 7 };
	const union cell one[7] = { { .u = 1 }, { .i = -5 }, { .d = 0.5 }, { .u = 1 },
				    { .u = 1 }, { .u = 2 },  { .u = 3 } };
	struct merge *merge = merge_new(&plan);
	const union cell *sum;

	merge_add(merge, set_of("a"), one);
	merge_add(merge, set_of("b"), one);
	merge_add(merge, set_of("a"), one);
	for (int round = 0; round < 2; round++) {
		sum = merge_take(merge, set_of("a"), one);
		assert_non_null(sum);
		assert_int_equal(sum[0].u, 2);
		assert_int_equal(sum[1].i, -10);
		assert_true(sum[2].d == 1);
		assert_int_equal(sum[3].u, 1);
		assert_int_equal(sum[4].u, 2);
		assert_int_equal(sum[5].u, 4);
		assert_int_equal(sum[6].u, 6);
		assert_null(merge_take(merge, set_of("a"), one));
		assert_int_equal(merge_take(merge, set_of("b"), one)[0].u, 1);
		/* It came since. */
		assert_int_equal(merge_take(merge, set_of("c"), one)[0].u, 1);
		assert_null(merge_take(merge, set_of("c"), one));
		merge_next_round(merge);
	}
	merge_free(merge);
}

static void test_merge_of_many(void **state)
{
	struct family family = { .field = conns_value, .cell_type = CELL_U64 };
	struct metric_plan plan = { .families = &family, .nfamilies = 1, .ncells = 1 };
	struct merge *merge = merge_new(&plan);
	uint64_t total = 0;
	char text[16];

	for (uint64_t i = 0; i < 30000; i++) {
		snprintf(text, sizeof(text), "%u", (unsigned)(i % 10000));
		merge_add(merge, set_of(text), &(union cell){ .u = i });
	}
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		total += merge_take(merge, set_of(text), NULL)->u;
	}
	assert_int_equal(total, 29999ull * 30000 / 2);
	merge_free(merge);
}

static void observe_relabeled(struct fixture *f, const char *disk)
{
	struct lat lat = { .us = 1 };
	struct record record;
	uint8_t key[256];

	memcpy(lat.disk, disk, strlen(disk));
	record = record_of(f, MAP_LAT, &lat);
	assert_true(f->metrics[MAP_LAT].key_bytes <= sizeof(key));
	metric_key(&f->metrics[MAP_LAT], &record, key);
	metric_event(&f->metrics[MAP_LAT], &record, series_touch(f->fake.series[MAP_LAT], key, 1));
}

/* A program may call itself what the overflow is called. */
static void test_a_label_like_the_overflows_is_no_second_series(void **state)
{
	const struct metric_relabel relabel = { "disk", "vdx", "__overflow__" };
	const struct metric_opts metric = { .relabels = &relabel, .nrelabels = 1 };
	struct series_opts opts = { .max_series = 1 };
	struct fixture f;
	char *text, *first;

	fixture_init(&f);
	series_free(f.fake.series[MAP_LAT]);
	metric_release(&f.metrics[MAP_LAT]);
	assert_int_equal(metric_compile(&f.metrics[MAP_LAT], &f.maps[MAP_LAT], &metric, NULL), 0);
	f.fake.series[MAP_LAT] = series_new(&f.metrics[MAP_LAT], &opts);
	observe_relabeled(&f, "vdx");
	observe_relabeled(&f, "vda");
	text = scrape_of(&f, &expo_text, NULL);
	first = strstr(text, "ebpf_lat_seconds_count{disk=\"__overflow__\"} 2\n");
	assert_non_null(first);
	assert_null(strstr(first + 1, "ebpf_lat_seconds_count{disk=\"__overflow__\"}"));
	free(text);
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels_are_kept_by_id),
		cmocka_unit_test(test_labels_of_gone_series_take_no_memory),
		cmocka_unit_test(test_labels_are_bounded),
		cmocka_unit_test(test_a_scrape_with_kept_labels_is_the_same),
		cmocka_unit_test(test_merge_adds_up_by_type),
		cmocka_unit_test(test_merge_of_many),
		cmocka_unit_test(test_a_label_like_the_overflows_is_no_second_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
