// SPDX-License-Identifier: Apache-2.0
/*
 * What the live table costs without its terminal: series that change, sorting, filtering, and
 * records that are stored. Prints one line of JSON; times are this thread's processor time.
 */
#define WITHOUT_CMOCKA
#include "tests/support/sink_fixture.h"
#include <malloc.h>
#include "runner/tui/keep/trap.h"
#include "runner/tui/model/model.h"

#define SECOND 1000000000ull
#define FRAMES 20
#define EVENTS 5000000u

struct bench {
	struct fixture f;
	struct model *model;
	uint64_t now_ns;
};

static double cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double resident_mb(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (!file || fscanf(file, "%*u %lu", &pages) != 1)
		abort();
	fclose(file);
	return (double)pages * 4096 / (1 << 20);
}

static void go(struct bench *b, const char *name)
{
	struct model_tab tab;

	for (uint32_t i = 0; i < model_tabs(b->model); i++) {
		model_tab(b->model, i, &tab);
		if (streq(tab.name, name))
			model_go_tab(b->model, i);
	}
}

/* The program's side: not what is measured. */
static void sweep(struct bench *b, uint32_t count, uint64_t round)
{
	struct series *series = b->f.fake.series[MAP_CONNS];

	series_sweep_begin(series, b->now_ns);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t key = i * 2654435761u;
		union cell cell = { .u = round * (1 + key % 1000) + i };

		series_sweep_put(series, &key, &cell);
	}
	series_sweep_end(series);
}

static double look(struct bench *b)
{
	double before = cpu_ms();
	struct model_status status;
	struct model_page page;

	model_page(b->model, 120, 36, &page);
	model_status(b->model, &status);
	assert_true(page.nrows == 36 || !page.total);
	return cpu_ms() - before;
}

/* As the host does after a sweep. */
static double feed(struct bench *b)
{
	struct series *series = b->f.fake.series[MAP_CONNS];
	uint64_t mark = series_mark(series), cursor = 0;
	struct series_rows rows;
	double spent = 0, before;

	series_rows_init(&rows, series_plan(series), 256);
	while (series_read(series, &cursor, b->f.since[MAP_CONNS], true, &rows)) {
		before = cpu_ms();
		model_rows(b->model, &b->f.fake.source, &rows);
		spent += cpu_ms() - before;
	}
	series_rows_release(&rows);
	b->f.since[MAP_CONNS] = mark;
	b->now_ns += SECOND / 10;
	before = cpu_ms();
	model_swept(b->model, &b->f.fake.source, b->now_ns, b->now_ns);
	return spent + cpu_ms() - before;
}

static void start_with(struct bench *b, uint64_t history_bytes)
{
	struct model_opts opts = { .utf8 = true,
				   .interval_ns = SECOND / 10,
				   .history_bytes = history_bytes };

	memset(b, 0, sizeof(*b));
	fixture_init_max(&b->f, 200000);
	b->model = model_new(&opts);
	model_add(b->model, &b->f.fake.source);
	b->now_ns = SECOND;
	go(b, "conns");
}

static void start(struct bench *b)
{
	start_with(b, 0);
}

static void stop(struct bench *b)
{
	model_free(b->model);
	fixture_release(&b->f);
}

/* Of 10 frames a second: percent of a core. `watched`: a moment is compared with, and a trap looks
 * at each row. */
static double changing_percent(uint32_t count, bool watched)
{
	struct traps traps = { 0 };
	struct trap_sprung sprung;
	struct model_why why;
	struct bench b;
	double ms = 0, before;

	start(&b);
	for (uint32_t i = 0; i <= FRAMES; i++) {
		sweep(&b, count, i);
		if (i) /* the first is not like the others */
			ms += feed(&b) + look(&b);
		else
			feed(&b);
		if (!watched)
			continue;
		if (!i) {
			traps.model = b.model;
			assert_true(model_do(b.model, OP_MOMENT) && model_do(b.model, OP_COMPARE));
			assert_true(traps_set(&traps, "rate > 1e12 && value > 5", &why) == 0);
		}
		before = cpu_ms();
		traps_swept(&traps, &b.f.fake.source, b.now_ns, &sprung);
		ms += cpu_ms() - before;
	}
	traps_release(&traps);
	stop(&b);
	return ms / FRAMES * 10 / 1000 * 100;
}

static double filter_ms(struct bench *b, const char *text)
{
	double before = cpu_ms();
	struct model_why why;

	assert_true(model_filter(b->model, text, &why) == 0);
	look(b);
	return cpu_ms() - before;
}

static void print_many(uint32_t count)
{
	double first, sorted, by_text, expression, text, paused;
	struct bench b;

	start(&b);
	sweep(&b, count, 1);
	first = feed(&b) + look(&b);
	sweep(&b, count, 2);
	feed(&b);
	look(&b);
	model_column(b.model, 1);
	sorted = cpu_ms();
	model_do(b.model, OP_SORT);
	look(&b);
	sorted = cpu_ms() - sorted;
	model_column(b.model, 0);
	by_text = cpu_ms();
	model_do(b.model, OP_SORT);
	look(&b);
	by_text = cpu_ms() - by_text;
	expression = filter_ms(&b, "value > 1000 && rate < 5000");
	text = filter_ms(&b, "10.1");
	paused = cpu_ms();
	model_do(b.model, OP_PAUSE);
	look(&b);
	paused = cpu_ms() - paused;
	printf("\"many\":{\"rows\":%u,\"first_ms\":%.1f,\"sort_ms\":%.1f,\"sort_key_ms\":%.1f,"
	       "\"filter_ms\":%.1f,\"filter_text_ms\":%.1f,\"pause_ms\":%.1f},",
	       count, first, sorted, by_text, expression, text, paused);
	stop(&b);
}

/* Five minutes of sweeps, one a second, each of which changes all rows. */
static void print_past(uint32_t count)
{
	uint64_t history = 128u << 20;
	double memory, ms = 0, back;
	struct bench b;

	start_with(&b, history);
	sweep(&b, count, 1);
	feed(&b);
	look(&b);
	malloc_trim(0);
	memory = resident_mb();
	for (uint32_t i = 0; i < 300; i++) {
		sweep(&b, count, i + 2);
		b.now_ns += SECOND - SECOND / 10;
		ms += feed(&b);
	}
	memory = resident_mb() - memory;
	back = cpu_ms();
	assert_true(model_go_back(b.model, 300 * SECOND));
	look(&b);
	back = cpu_ms() - back;
	printf("\"past\":{\"rows\":%u,\"sweeps\":300,\"memory_mb\":%.1f,\"sweep_ms\":%.2f,"
	       "\"back_ms\":%.1f},",
	       count, memory, ms / 300, back);
	stop(&b);
}

/* A history that is full many times over: what it takes beyond its bound. */
static void print_bound(uint32_t count)
{
	double memory;
	struct bench b;

	start(&b);
	sweep(&b, count, 1);
	feed(&b);
	look(&b);
	malloc_trim(0);
	memory = resident_mb();
	for (uint32_t i = 0; i < 300; i++) {
		sweep(&b, count, i + 2);
		feed(&b);
		look(&b);
	}
	memory = resident_mb() - memory;
	printf("\"bound\":{\"rows\":%u,\"sweeps\":300,\"memory_mb\":%.1f,\"history_mb\":%u},",
	       count, memory, (MODEL_HISTORY_BYTES / 5) >> 20);
	stop(&b);
}

static void print_stream(void)
{
	struct connlat event = a_connlat();
	struct record record;
	double before, ms, filtered, memory;
	struct model_why why;
	struct bench b;

	start(&b);
	go(&b, "events");
	record = record_of(&b.f, MAP_EVENTS, &event);
	malloc_trim(0);
	memory = resident_mb();
	before = cpu_ms();
	for (uint32_t i = 0; i < EVENTS; i++) {
		event.tgid = i;
		record.time_ns++;
		model_event(b.model, &b.f.fake.source, &record);
	}
	ms = cpu_ms() - before;
	look(&b);
	memory = resident_mb() - memory;
	filtered = cpu_ms();
	assert_true(model_filter(b.model, "tgid < 100", &why) == 0);
	look(&b);
	filtered = cpu_ms() - filtered;
	model_filter(b.model, "", &why);
	printf("\"stream\":{\"events_per_s\":%.0f,\"memory_mb\":%.1f,\"history_mb\":%u,"
	       "\"look_ms\":%.2f,\"filter_ms\":%.1f}}\n",
	       EVENTS / (ms / 1e3), memory, (MODEL_HISTORY_BYTES / 5) >> 20, look(&b), filtered);
	stop(&b);
}

int main(void)
{
	setlocale(LC_ALL, "C.UTF-8");
	printf("{\"changing\":{\"rows\":10000,\"percent\":%.2f},", changing_percent(10000, false));
	printf("\"watched\":{\"rows\":10000,\"percent\":%.2f},", changing_percent(10000, true));
	printf("\"changing_many\":{\"rows\":100000,\"percent\":%.2f},",
	       changing_percent(100000, false));
	print_many(100000);
	print_past(10000);
	print_bound(10000);
	print_stream();
	return 0;
}
