// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden.h"
#include "tests/support/sink_fixture.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <wchar.h>
#include "runner/sink/deltas.h"
#include "runner/sink/print/table_map.h"

static void use_locale(const char *name)
{
	setenv("TZ", "UTC", 1);
	tzset();
	if (!setlocale(LC_ALL, name))
		fail_msg("no locale %s", name);
}

static void give_events(struct fixture *f, struct sink *sink)
{
	struct connlat event = a_connlat();
	struct record record = record_of(f, MAP_EVENTS, &event);

	assert_int_equal(give_event(f, sink, &record), 0);
	memcpy(event.comm, "a\xe8\xaa\x9e\x1b[31m\xff\0", 11); /* a wide character, an escape */
	event.delta_us = 123456789012345;
	assert_int_equal(give_event(f, sink, &record), 0);
	memcpy(event.comm, "sixteen-bytes-16", 16);
	event.delta_us = 7;
	assert_int_equal(give_event(f, sink, &record), 0);
}

static void give_series(struct fixture *f, struct sink *sink)
{
	sweep_begin(f, MAP_CONNS);
	put_conn(f, 1, 42);
	put_conn(f, 2, 182440);
	sweep_end(f, MAP_CONNS);
	assert_int_equal(give_rows(f, sink, MAP_CONNS), 0);
	sweep_begin(f, MAP_CONNS);
	put_conn(f, 1, 50);
	put_conn(f, 2, 182440);
	sweep_end(f, MAP_CONNS);
	assert_int_equal(give_rows(f, sink, MAP_CONNS), 0);
	sweep_begin(f, MAP_HTTP);
	put_http(f, 443, 3 << 20, -5);
	put_http(f, 80, 12, 1);
	sweep_end(f, MAP_HTTP);
	assert_int_equal(give_rows(f, sink, MAP_HTTP), 0);
	for (uint64_t us = 0; us < 100; us++)
		observe(f, "vda", us * 10);
	observe(f, "sda", 5000);
	assert_int_equal(give_rows(f, sink, MAP_LAT), 0);
}

static char *table_text(const char *locale, uint32_t width, bool color)
{
	struct nested nested = { .addr = { 192, 168, 0, 1 },
				 .port = { 0, 53 },
				 .ratio = -0.25,
				 .comm = "dig",
				 .list = { 1, 2, 3 } };
	struct record record;
	struct fixture f;
	struct sink *sink;
	char *text;

	use_locale(locale);
	fixture_init(&f);
	sink = sink_table_new(f.fd, width, color);
	open_sink(&f, sink);
	give_events(&f, sink);
	record = record_of(&f, MAP_NESTED, &nested);
	assert_int_equal(give_event(&f, sink, &record), 0);
	give_lost(&f, sink, MAP_EVENTS, LOST_KERNEL, 312, FIXTURE_TIME_NS);
	give_lost(&f, sink, MAP_EVENTS, LOST_QUEUE, 1, FIXTURE_TIME_NS);
	give_series(&f, sink);
	assert_int_equal(sink->ops->flush(sink), 0);
	text = written(&f);
	sink->ops->free(sink);
	fixture_release(&f);
	return text;
}

static void test_table_titles(void **state)
{
	static const struct {
		const char *name, *unit, *want;
		uint8_t meaning;
	} cases[] = {
		{ "vm", "pages", "vm(pages)", MEAN_NONE },
		{ "vm_pages", "pages", "vm_pages", MEAN_NONE },
		{ "pagesize", "pages", "pagesize(pages)", MEAN_NONE },
		{ "took", "us", "took", MEAN_DURATION_US }, /* "1.5ms" */
		{ "took", "us", "took(us)", MEAN_NONE },
		{ "took", NULL, "took", MEAN_NONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct field field = { .unit = cases[i].unit, .meaning = cases[i].meaning };
		_cleanup_free_ char *title = field_title(&field, cases[i].name);

		assert_string_equal(title, cases[i].want);
	}
}

static void test_table_golden(void **state)
{
	_cleanup_free_ char *text = table_text("C.UTF-8", 0, false);

	assert_golden("sink_table.txt", text);
}

static void test_table_golden_narrow_ascii(void **state)
{
	_cleanup_free_ char *text = table_text("C", 60, false);

	assert_golden("sink_table_60_ascii.txt", text);
	for (const char *p = text; *p; p++)
		assert_true((*p >= ' ' && *p <= '~') || *p == '\n');
}

static void test_table_golden_color(void **state)
{
	_cleanup_free_ char *text = table_text("C.UTF-8", 80, true);

	assert_golden("sink_table_80_color.txt", text);
}

/* At any width no line is wider, whatever stands in it, and nothing raw comes through. */
static void test_table_never_wraps(void **state)
{
	for (uint32_t width = 1; width < 140; width++) {
		_cleanup_free_ char *text = table_text("C.UTF-8", width, false);
		char *save = NULL;

		for (char *line = strtok_r(text, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			wchar_t wide[1024];
			size_t n = mbstowcs(wide, line, ARRAY_LEN(wide));

			assert_true(n < ARRAY_LEN(wide)); /* -1 is not either */
			assert_true(wcswidth(wide, n) >= 0);
			if (wcswidth(wide, n) > (int)width)
				fail_msg("%d cells at width %u: %s", wcswidth(wide, n), width,
					 line);
		}
	}
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* On a pipe one header; on a screen one each screenful; with alternating maps not one each line. */
static void test_table_repeats_header_sensibly(void **state)
{
	struct connlat event = a_connlat();
	struct nested nested = { .comm = "x" };
	struct record events, other;
	char *text;

	use_locale("C.UTF-8");
	for (int screen = 0; screen < 2; screen++) {
		struct fixture f;
		struct sink *sink;

		fixture_init(&f);
		events = record_of(&f, MAP_EVENTS, &event);
		other = record_of(&f, MAP_NESTED, &nested);
		sink = sink_table_new(f.fd, screen ? 200 : 0, false);
		open_sink(&f, sink);
		for (int i = 0; i < 200; i++)
			give_event(&f, sink, &events);
		sink->ops->flush(sink);
		text = written(&f);
		assert_int_equal(count(text, "DELTA_US"), screen ? 6 : 1);
		free(text);
		for (int i = 0; i < 100; i++)
			give_event(&f, sink, i % 2 ? &events : &other);
		sink->ops->flush(sink);
		text = written(&f);
		assert_true(count(text, "SRC.ADDR") >= 1 && count(text, "SRC.ADDR") <= 8);
		free(text);
		sink->ops->free(sink);
		fixture_release(&f);
	}
}

static void test_table_gone(void **state)
{
	uint8_t key[4] = { 10, 0, 0, 1 }, flag = SERIES_GONE;
	union cell cell = { .u = 1 };
	uint64_t ns = 0, id = 1;
	struct series_rows rows = { .count = 1,
				    .max = 1,
				    .keys = key,
				    .cells = &cell,
				    .flags = &flag,
				    .change_ns = &ns,
				    .id = &id };
	struct fixture f;
	struct sink *sink;
	char *text;

	use_locale("C.UTF-8");
	fixture_init(&f);
	rows.plan = &f.metrics[MAP_CONNS];
	sink = sink_table_new(f.fd, 0, false);
	open_sink(&f, sink);
	sink->ops->rows(sink, &f.fake.source, &rows, FIXTURE_TIME_NS);
	sink->ops->flush(sink);
	text = written(&f);
	assert_non_null(strstr(text, "10.0.0.1"));
	assert_non_null(strstr(text, "gone\n"));
	free(text);
	sink->ops->free(sink);
	fixture_release(&f);
}

/* A value of kilobytes moves only its own line. */
static void test_table_long_value_does_not_widen(void **state)
{
	static struct field fields[] = {
		FIELD("name", "name", 0, 8 * 4096, 1, KIND_TEXT, MEAN_NONE),
		FIELD("n", "n", 4096, 32, 1, KIND_UINT, MEAN_NONE),
	};
	static uint8_t bytes[4100];
	struct record record;
	struct fixture f;
	struct sink *sink;
	char *text, *last;

	use_locale("C.UTF-8");
	fixture_init(&f);
	f.maps[MAP_NESTED].value = (struct layout)LAYOUT(fields, "t", 4100);
	sink = sink_table_new(f.fd, 0, false);
	open_sink(&f, sink);
	record = record_of(&f, MAP_NESTED, bytes);
	memset(bytes, 'x', 4096);
	give_event(&f, sink, &record);
	memset(bytes, 0, 4096);
	memcpy(bytes, "short", sizeof("short"));
	give_event(&f, sink, &record);
	sink->ops->flush(sink);
	text = written(&f);
	last = strstr(text, "short");
	assert_non_null(last);
	assert_true(strlen(last) < 80);
	free(text);
	sink->ops->free(sink);
	fixture_release(&f);
}

static void set_size(int fd, unsigned short columns)
{
	struct winsize size = { .ws_row = 24, .ws_col = columns };

	assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
}

/* What comes to stand on the terminal until `part` does; the caller frees. */
static char *seen_on(int fd, const char *part)
{
	char *text = xcalloc(1, 65536);
	size_t len = 0;

	while (!strstr(text, part)) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		ssize_t n = poll(&pfd, 1, 5000) == 1 ? read(fd, text + len, 65535 - len) : 0;

		if (n <= 0)
			fail_msg("'%s' did not come, only '%s'", part, text);
		len += n;
	}
	return text;
}

static void test_table_follows_the_terminals_size(void **state)
{
	struct connlat event = a_connlat();
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct record record;
	struct fixture f;
	struct sink *sink;
	char *text;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
		print_message("# this host gives no terminals\n");
		skip();
	}
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	use_locale("C.UTF-8");
	set_size(slave, 40);
	fixture_init(&f);
	sink = sink_table_new(slave, 40, false);
	open_sink(&f, sink);
	record = record_of(&f, MAP_EVENTS, &event);
	give_event(&f, sink, &record);
	assert_int_equal(sink->ops->flush(sink), 0);
	text = seen_on(master, "09:00:00.123456");
	assert_non_null(strstr(text, "…"));
	assert_null(strstr(text, "telnet"));
	free(text);
	set_size(slave, 200);
	for (int i = 0; i < 2; i++) {
		give_event(&f, sink, &record);
		assert_int_equal(sink->ops->flush(sink), 0);
	}
	text = seen_on(master, "telnet");
	free(text);
	close(master);
	give_event(&f, sink, &record);
	assert_int_equal(sink->ops->flush(sink), -EPIPE); /* it was closed by whoever showed it */
	sink->ops->free(sink);
	fixture_release(&f);
	close(slave);
}

static void test_deltas_many_ids(void **state)
{
	struct deltas *deltas = deltas_new(2, DELTAS_MAX_IDS);
	bool known;

	for (uint64_t id = 0; id < 50000; id++) {
		uint64_t *numbers = deltas_of(deltas, id, &known);

		assert_false(known);
		assert_int_equal(numbers[0] + numbers[1], 0);
		numbers[0] = id;
		numbers[1] = ~id;
	}
	for (uint64_t id = 0; id < 50000; id++) {
		uint64_t *numbers = deltas_of(deltas, id, &known);

		assert_true(known);
		assert_int_equal(numbers[0], id);
		assert_int_equal(numbers[1], ~id);
	}
	/* Bounded: with ever new ids the oldest are forgotten. */
	for (uint64_t id = 50000; id < 500000; id++)
		deltas_of(deltas, id, &known);
	deltas_of(deltas, 0, &known);
	assert_false(known);
	deltas_free(deltas);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_titles),
		cmocka_unit_test(test_table_golden),
		cmocka_unit_test(test_table_golden_narrow_ascii),
		cmocka_unit_test(test_table_golden_color),
		cmocka_unit_test(test_table_never_wraps),
		cmocka_unit_test(test_table_repeats_header_sensibly),
		cmocka_unit_test(test_table_gone),
		cmocka_unit_test(test_table_long_value_does_not_widen),
		cmocka_unit_test(test_table_follows_the_terminals_size),
		cmocka_unit_test(test_deltas_many_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
