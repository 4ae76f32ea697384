// SPDX-License-Identifier: Apache-2.0
/*
 * The clocks here are made up: this file's clock_gettime() takes the place of the C library's.
 * Each reading takes READ_NS, so that what is measured is exact and every run is the same.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "base/clock.h"
#include "base/util.h"

#define S 1000000000ULL
#define READ_NS 10
#define MONO_START (1000 * S)
#define SLEPT_START (500 * S)
#define REAL_START (1795165200 * S)

static struct {
	_Atomic uint64_t mono_ns;
	uint64_t slept_ns; /* what CLOCK_BOOTTIME is ahead of it */
	uint64_t real_ns;  /* what CLOCK_REALTIME is ahead of CLOCK_BOOTTIME */
	bool noisy; /* a delay after the second of three readings, but once in twenty times */
	unsigned readings;
} fake;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	uint64_t ns = atomic_fetch_add(&fake.mono_ns, READ_NS) + READ_NS;

	if (fake.noisy && fake.readings++ % 60 != 22)
		fake.mono_ns += fake.readings % 3 == 2 ? S / 1000 : 0;
	if (id != CLOCK_MONOTONIC)
		ns += fake.slept_ns;
	if (id == CLOCK_REALTIME)
		ns += fake.real_ns;
	*ts = (struct timespec){ .tv_sec = (time_t)(ns / S), .tv_nsec = (long)(ns % S) };
	return 0;
}

static uint64_t real_of_mono(uint64_t mono_ns)
{
	return mono_ns + fake.slept_ns + fake.real_ns;
}

static int set_up(void **state)
{
	fake.mono_ns = MONO_START;
	fake.slept_ns = SLEPT_START;
	fake.real_ns = REAL_START;
	fake.noisy = false;
	fake.readings = 0;
	*state = wallclock_new();
	return 0;
}

static int tear_down(void **state)
{
	wallclock_free(*state);
	return 0;
}

static void test_clock_converts_both_clocks(void **state)
{
	uint64_t mono = fake.mono_ns;

	assert_int_equal(wallclock_from_mono(*state, mono), real_of_mono(mono));
	assert_int_equal(wallclock_from_boot(*state, mono + SLEPT_START), real_of_mono(mono));
	/* Before the first look as well: maps hold times from long ago. */
	assert_int_equal(wallclock_from_mono(*state, 5), real_of_mono(5));
	assert_int_equal(now_real_ns() - now_mono_ns(), real_of_mono(0) - READ_NS);
}

static void test_clock_takes_the_best_of_noisy_readings(void **state)
{
	struct wallclock *clock;

	fake.noisy = true;
	clock = wallclock_new();
	assert_int_equal(wallclock_from_mono(clock, MONO_START), real_of_mono(MONO_START));
	assert_int_equal(wallclock_from_boot(clock, MONO_START + SLEPT_START),
			 real_of_mono(MONO_START));
	wallclock_free(clock);
}

static void test_clock_step_leaves_earlier_events_alone(void **state)
{
	uint64_t before = fake.mono_ns, real_before = real_of_mono(before), after;

	fake.mono_ns += S;
	fake.real_ns -= 3600 * S;
	wallclock_refresh(*state);
	after = fake.mono_ns;
	assert_int_equal(wallclock_from_mono(*state, before), real_before);
	assert_int_equal(wallclock_from_boot(*state, before + SLEPT_START), real_before);
	assert_int_equal(wallclock_from_mono(*state, after), real_of_mono(after));
	assert_int_equal(wallclock_from_boot(*state, after + SLEPT_START), real_of_mono(after));
}

static void test_clock_sleep_moves_only_the_monotonic_one(void **state)
{
	uint64_t before = fake.mono_ns, real_before = real_of_mono(before), after;

	fake.slept_ns += 7200 * S;
	wallclock_refresh(*state);
	after = fake.mono_ns;
	assert_int_equal(wallclock_from_mono(*state, before), real_before);
	assert_int_equal(wallclock_from_mono(*state, after), real_of_mono(after));
	assert_int_equal(wallclock_from_boot(*state, after + fake.slept_ns), real_of_mono(after));
	assert_int_equal(wallclock_from_boot(*state, before + SLEPT_START), real_before);
}

static void test_clock_does_not_follow_a_wobble(void **state)
{
	uint64_t offset = real_of_mono(0);

	for (int i = 0; i < 100; i++) {
		fake.real_ns += i % 2 ? 500 : -500;
		wallclock_refresh(*state);
		assert_int_equal(wallclock_from_mono(*state, fake.mono_ns), fake.mono_ns + offset);
	}
	/* But small steps that add up are one in the end. */
	for (int i = 0; i < 10; i++) {
		fake.real_ns += 500;
		wallclock_refresh(*state);
	}
	assert_true(wallclock_from_mono(*state, fake.mono_ns) - fake.mono_ns > offset + 2500);
}

static void test_clock_forgets_only_the_oldest_steps(void **state)
{
	uint64_t at[200], real[200];

	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		fake.mono_ns += S;
		fake.real_ns += 60 * S;
		wallclock_refresh(*state);
		at[i] = fake.mono_ns;
		real[i] = real_of_mono(at[i]);
		for (size_t back = 0; back <= MIN(i, (size_t)30); back++)
			assert_int_equal(wallclock_from_mono(*state, at[i - back]), real[i - back]);
	}
	/* What is older than all that is known takes the oldest offset, not the newest. */
	assert_true(wallclock_from_mono(*state, MONO_START) < MONO_START + real[199] - at[199]);
}

static void test_clock_fd_waits_for_steps_only(void **state)
{
	struct pollfd fd = { .fd = wallclock_fd(*state), .events = POLLIN };

	assert_true(fd.fd >= 0);
	assert_int_equal(poll(&fd, 1, 0), 0);
}

struct reader {
	struct wallclock *clock;
	uint64_t mono_ns, real_ns;
	_Atomic bool stop;
	_Atomic unsigned wrong, right;
};

static void *read_always(void *ctx)
{
	struct reader *r = ctx;

	while (!r->stop) {
		if (wallclock_from_mono(r->clock, r->mono_ns) == r->real_ns)
			r->right++;
		else
			r->wrong++;
	}
	return NULL;
}

static void test_clock_converts_while_it_is_refreshed(void **state)
{
	struct reader r = { .clock = *state, .mono_ns = fake.mono_ns };
	pthread_t thread;

	r.real_ns = real_of_mono(r.mono_ns);
	fake.mono_ns += S;
	assert_int_equal(pthread_create(&thread, NULL, read_always, &r), 0);
	/* Fewer steps than the history holds: the old time keeps its meaning all along. */
	for (unsigned i = 0; i < 25; i++) {
		unsigned seen = r.right;

		fake.real_ns += 60 * S;
		wallclock_refresh(*state);
		while (r.right == seen && !r.wrong)
			sched_yield();
	}
	r.stop = true;
	pthread_join(thread, NULL);
	assert_int_equal(r.wrong, 0);
}

static void test_clock_formats_rfc3339(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000000000Z" },
		{ 1, "1970-01-01T00:00:00.000000001Z" },
		{ S - 1, "1970-01-01T00:00:00.999999999Z" },
		{ 951782399 * S, "2000-02-28T23:59:59.000000000Z" },
		{ 951782400 * S, "2000-02-29T00:00:00.000000000Z" },
		{ REAL_START + 123456789, "2026-11-20T09:00:00.123456789Z" },
		{ REAL_START + 987654321, "2026-11-20T09:00:00.987654321Z" },
		{ 4107542400 * S, "2100-03-01T00:00:00.000000000Z" },
		{ UINT64_MAX, "2554-07-21T23:34:33.709551615Z" },
	};
	char text[31];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(format_rfc3339(cases[i].ns, text), 30);
		assert_string_equal(text, cases[i].text);
		format_rfc3339_seconds(cases[i].ns / S, text);
		assert_int_equal(strlen(text), RFC3339_SECONDS_ROOM - 1);
		assert_memory_equal(text, cases[i].text, 19);
		assert_int_equal(text[19], 'Z');
	}
}

static void test_clock_calendar_equals_the_c_librarys(void **state)
{
	char text[31], expected[31];

	/* Every day until 2554, at ever other times of the day. */
	for (uint64_t day = 0; day < 213503; day++) {
		uint64_t seconds = day * 86400 + day * 7919 % 86400;
		time_t t = (time_t)seconds;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000042Z", &tm);
		format_rfc3339(seconds * S + 42, text);
		if (!streq(text, expected))
			fail_msg("%s, not %s", text, expected);
	}
}

/* As a recording is replayed: the offsets of one machine on another. */
static void test_clock_that_is_told(void **state)
{
	struct wallclock *live = wallclock_new(), *told = wallclock_new_told();
	struct clock_offsets offsets = wallclock_offsets(live), step = offsets;

	assert_int_equal(wallclock_from_mono(told, 5), 5);
	wallclock_tell(told, &offsets);
	wallclock_tell(told, &offsets);
	wallclock_refresh(told);
	assert_int_equal(wallclock_from_mono(told, 12345), wallclock_from_mono(live, 12345));
	assert_int_equal(wallclock_from_boot(told, 12345), wallclock_from_boot(live, 12345));
	step.mono.from_ns += 1000;
	step.mono.offset_ns += 7;
	wallclock_tell(told, &step);
	assert_int_equal(wallclock_from_mono(told, step.mono.from_ns),
			 step.mono.from_ns + step.mono.offset_ns);
	assert_int_equal(wallclock_from_mono(told, step.mono.from_ns - 1),
			 step.mono.from_ns - 1 + offsets.mono.offset_ns);
	assert_int_equal(wallclock_fd(told), -1);
	wallclock_free(live);
	wallclock_free(told);
}

#define clock_test(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		clock_test(test_clock_converts_both_clocks),
		clock_test(test_clock_takes_the_best_of_noisy_readings),
		clock_test(test_clock_step_leaves_earlier_events_alone),
		clock_test(test_clock_sleep_moves_only_the_monotonic_one),
		clock_test(test_clock_does_not_follow_a_wobble),
		clock_test(test_clock_forgets_only_the_oldest_steps),
		clock_test(test_clock_fd_waits_for_steps_only),
		clock_test(test_clock_converts_while_it_is_refreshed),
		clock_test(test_clock_that_is_told),
		cmocka_unit_test(test_clock_formats_rfc3339),
		cmocka_unit_test(test_clock_calendar_equals_the_c_librarys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
