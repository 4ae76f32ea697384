// SPDX-License-Identifier: Apache-2.0
/* Scrapes of several programs: each family once, also while programs come and go. */
#include "tests/support/sink_fixture.h"
#include "base/log.h"
#include "runner/sink/prometheus/catalogue.h"
#include "runner/sink/prometheus/scrape.h"

/* The fixture's program under another name, beside others. */
static void begin(struct fixture *f, const char *name)
{
	fixture_init(f);
	source_set_name(&f->fake.source, name);
	f->fake.source.several = true;
}

static char *scrape_of(struct catalogue *catalogue, const struct expo_format *format)
{
	struct scrape_opts opts = { .catalogue = catalogue,
				    .format = format,
				    .naming = &naming_usual };
	struct scrape *scrape = scrape_new(&opts);
	struct strbuf sb = STRBUF_INIT(1 << 20);
	char piece[97];
	ssize_t n;

	while ((n = scrape_read(scrape, piece, sizeof(piece))) > 0)
		strbuf_add(&sb, piece, n);
	scrape_free(scrape);
	return strbuf_steal(&sb);
}

static void put_all(struct fixture *f, uint8_t last, uint64_t value)
{
	sweep_begin(f, MAP_CONNS);
	put_conn(f, last, value);
	sweep_end(f, MAP_CONNS);
}

static void test_a_family_is_there_once(void **state)
{
	struct scrape_source *of[2];
	struct catalogue *catalogue;
	_cleanup_free_ char *text = NULL;
	struct fixture a, b;

	begin(&a, "x/first:1");
	begin(&b, "second");
	put_all(&a, 1, 41);
	put_all(&b, 1, 42);
	of[0] = scrape_source_new(&a.fake.source, 1 << 20);
	of[1] = scrape_source_new(&b.fake.source, 1 << 20);
	catalogue = catalogue_new(&naming_usual, of, 2);
	text = scrape_of(catalogue, &expo_text);
	assert_string_equal(text,
			    "# HELP ebpf_conns_total Connections by destination.\n"
			    "# TYPE ebpf_conns_total counter\n"
			    "ebpf_conns_total{daddr_v4=\"10.0.0.1\",program=\"first\"} 41\n"
			    "ebpf_conns_total{daddr_v4=\"10.0.0.1\",program=\"second\"} 42\n");
	catalogue_unref(catalogue);
	scrape_source_remove(of[0]);
	scrape_source_remove(of[1]);
	fixture_release(&a);
	fixture_release(&b);
}

/* A scrape under way loses the series of a program that goes, and nothing else. */
static void test_a_program_goes_during_a_scrape(void **state)
{
	struct scrape_source *of[2];
	struct scrape_opts opts = { .format = &expo_text, .naming = &naming_usual };
	struct strbuf sb = STRBUF_INIT(1 << 20);
	struct scrape *scrape;
	struct fixture a, b;
	char piece[80];
	ssize_t n;

	begin(&a, "first");
	begin(&b, "second");
	put_all(&a, 1, 41);
	put_all(&b, 1, 42);
	observe(&a, "vda", 1);
	observe(&b, "vdb", 1);
	of[0] = scrape_source_new(&a.fake.source, 0);
	of[1] = scrape_source_new(&b.fake.source, 0);
	opts.catalogue = catalogue_new(&naming_usual, of, 2);
	scrape = scrape_new(&opts);
	catalogue_unref(opts.catalogue);
	n = scrape_read(scrape, piece, sizeof(piece));
	assert_true(n > 0);
	strbuf_add(&sb, piece, n);
	scrape_source_remove(of[0]);
	fixture_release(&a); /* its plan and series are gone */
	while ((n = scrape_read(scrape, piece, sizeof(piece))) > 0)
		strbuf_add(&sb, piece, n);
	assert_non_null(strstr(strbuf_str(&sb), "daddr_v4=\"10.0.0.1\",program=\"second\"} 42\n"));
	assert_non_null(strstr(sb.buf, "_count{disk=\"vdb\",program=\"second\"} 1\n"));
	assert_null(strstr(sb.buf, "vda"));
	scrape_free(scrape);
	scrape_source_remove(of[1]);
	fixture_release(&b);
	strbuf_release(&sb);
}

/* A gauge of the name that another program's counter has. */
static void test_a_name_of_another_type_gets_a_number(void **state)
{
	struct scrape_source *of[2];
	struct catalogue *catalogue;
	_cleanup_free_ char *text = NULL;
	struct fixture a, b;

	log_level = LOG_ERROR; /* the warning is meant */
	begin(&a, "first");
	begin(&b, "second");
	put_all(&a, 1, 41);
	put_all(&b, 1, 42);
	b.metrics[MAP_CONNS].families[0].type = METRIC_GAUGE;
	b.metrics[MAP_CONNS].families[0].name = "conns";
	of[0] = scrape_source_new(&a.fake.source, 0);
	of[1] = scrape_source_new(&b.fake.source, 0);
	catalogue = catalogue_new(&naming_usual, of, 2);
	text = scrape_of(catalogue, &expo_text);
	assert_non_null(strstr(text, "# TYPE ebpf_conns_total counter\n"
				     "ebpf_conns_total{daddr_v4=\"10.0.0.1\",program=\"first\"}"));
	assert_non_null(strstr(text, "# TYPE ebpf_conns_2 gauge\n"
				     "ebpf_conns_2{daddr_v4=\"10.0.0.1\",program=\"second\"} 42"));
	catalogue_unref(catalogue);
	scrape_source_remove(of[0]);
	scrape_source_remove(of[1]);
	fixture_release(&a);
	fixture_release(&b);
}

static void test_a_label_program_makes_room(void **state)
{
	struct scrape_source *of;
	struct catalogue *catalogue;
	_cleanup_free_ char *text = NULL;
	struct fixture f;

	begin(&f, "first");
	put_all(&f, 1, 41);
	f.metrics[MAP_CONNS].labels[0].name = "program";
	of = scrape_source_new(&f.fake.source, 0);
	catalogue = catalogue_new(&naming_usual, &of, 1);
	text = scrape_of(catalogue, &expo_openmetrics);
	assert_non_null(strstr(text, "{exported_program=\"10.0.0.1\",program=\"first\"} 41\n"));
	catalogue_unref(catalogue);
	scrape_source_remove(of);
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_family_is_there_once),
		cmocka_unit_test(test_a_program_goes_during_a_scrape),
		cmocka_unit_test(test_a_name_of_another_type_gets_a_number),
		cmocka_unit_test(test_a_label_program_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
