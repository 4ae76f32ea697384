// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/util.h"

#define MS 1000000ULL

/* What a test looks at, and what its callbacks work on. */
struct scene {
	struct loop *loop;
	struct loop_source *source[2];
	int pipes[2][2];
	unsigned calls;
	uint64_t expirations;
	int signals[4];
	int end_with; /* what count_call() returns at the last of `enough` calls */
	unsigned enough;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	for (int i = 0; i < 2; i++)
		assert_int_equal(pipe2(s->pipes[i], O_CLOEXEC), 0);
	assert_int_equal(loop_new(&s->loop, NULL), 0);
	s->enough = 1;
	s->end_with = 1;
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	loop_free(s->loop);
	for (int i = 0; i < 4; i++)
		assert_int_equal(close(s->pipes[i / 2][i % 2]), 0);
	free(s);
	return 0;
}

static int count_call(void *ctx, uint32_t events)
{
	struct scene *s = ctx;

	s->calls++;
	s->expirations += events;
	return s->calls >= s->enough ? s->end_with : 0;
}

static int end_loop(void *ctx, uint32_t events)
{
	return 1;
}

static void make_readable(struct scene *s, int i)
{
	assert_int_equal(write(s->pipes[i][1], "x", 1), 1);
}

static void test_loop_calls_for_a_ready_descriptor(void **state)
{
	struct scene *s = *state;

	s->enough = 3;
	assert_int_equal(loop_add_fd(s->loop, s->pipes[0][0], EPOLLIN, count_call, s, NULL, NULL),
			 0);
	make_readable(s, 0);
	assert_int_equal(loop_run(s->loop), 0);
	assert_int_equal(s->calls, 3);
	assert_int_equal(s->expirations, 3 * EPOLLIN);
}

static void test_loop_ends_with_the_callbacks_error(void **state)
{
	struct scene *s = *state;

	s->end_with = -EPIPE;
	assert_int_equal(loop_add_fd(s->loop, s->pipes[0][1], EPOLLOUT, count_call, s, NULL, NULL),
			 0);
	assert_int_equal(loop_run(s->loop), -EPIPE);
	/* It can be run again. */
	s->end_with = 1;
	assert_int_equal(loop_run(s->loop), 0);
	assert_int_equal(s->calls, 2);
}

static void test_loop_refuses_a_regular_file(void **state)
{
	struct scene *s = *state;
	struct loop_source *untouched = (struct loop_source *)s;
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct err err = { 0 };

	assert_int_equal(loop_add_fd(s->loop, fd, EPOLLIN, count_call, s, &untouched, &err),
			 -EPERM);
	assert_ptr_equal(untouched, s);
	assert_true(err.msg[0]);
}

static void test_loop_timer_fires_once(void **state)
{
	struct scene *s = *state;
	uint64_t start = now_ns();

	s->enough = 99;
	assert_int_equal(loop_add_timer(s->loop, 5 * MS, 0, count_call, s, NULL, NULL), 0);
	assert_int_equal(loop_add_timer(s->loop, 20 * MS, 0, end_loop, s, NULL, NULL), 0);
	assert_int_equal(loop_run(s->loop), 0);
	assert_int_equal(s->calls, 1);
	assert_int_equal(s->expirations, 1);
	assert_true(now_ns() - start >= 20 * MS);
}

static void test_loop_timer_repeats_from_now(void **state)
{
	struct scene *s = *state;
	uint64_t start = now_ns();

	s->enough = 3;
	assert_int_equal(loop_add_timer(s->loop, 0, 4 * MS, count_call, s, NULL, NULL), 0);
	assert_int_equal(loop_run(s->loop), 0);
	assert_int_equal(s->calls, 3);
	/* The first comes at once, so three take two intervals (more where a call came late). */
	assert_true(s->expirations >= 3);
	assert_true(now_ns() - start >= 8 * MS);
}

static void test_loop_timer_counts_what_was_missed(void **state)
{
	struct scene *s = *state;

	assert_int_equal(loop_add_timer(s->loop, 1 * MS, 1 * MS, count_call, s, NULL, NULL), 0);
	usleep(10000);
	assert_int_equal(loop_run(s->loop), 0);
	assert_int_equal(s->calls, 1);
	assert_true(s->expirations >= 9);
}

static int take_signal(void *ctx, uint32_t signal)
{
	struct scene *s = ctx;

	s->signals[s->calls++] = (int)signal;
	return s->calls == s->enough;
}

static void test_loop_delivers_signals(void **state)
{
	struct scene *s = *state;
	sigset_t wanted, blocked;

	s->enough = 2;
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGUSR1);
	sigaddset(&wanted, SIGUSR2);
	assert_int_equal(loop_add_signals(s->loop, &wanted, take_signal, s, NULL), 0);
	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	assert_true(sigismember(&blocked, SIGUSR1) && sigismember(&blocked, SIGUSR2));
	raise(SIGUSR2);
	raise(SIGUSR1);
	assert_int_equal(loop_run(s->loop), 0);
	assert_int_equal(s->signals[0] + s->signals[1], SIGUSR1 + SIGUSR2);
	assert_int_not_equal(s->signals[0], s->signals[1]);
	pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
}

/* Takes away both sources, of which the other is ready too. */
static int remove_both(void *ctx, uint32_t events)
{
	struct scene *s = ctx;

	s->calls++;
	for (int i = 0; i < 2; i++) {
		loop_remove(s->loop, s->source[i]);
		s->source[i] = NULL;
	}
	return 0;
}

static void test_loop_removes_inside_a_callback(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(loop_add_fd(s->loop, s->pipes[i][0], EPOLLIN, remove_both, s,
					     &s->source[i], NULL),
				 0);
		make_readable(s, i);
	}
	assert_int_equal(loop_add_timer(s->loop, 10 * MS, 0, end_loop, s, NULL, NULL), 0);
	assert_int_equal(loop_run(s->loop), 0);
	assert_int_equal(s->calls, 1);
	loop_remove(s->loop, NULL);
}

/* In the same batch the first one's memory must not become the new one's. */
static int replace_both(void *ctx, uint32_t events)
{
	struct scene *s = ctx;

	s->expirations++;
	remove_both(s, events);
	return loop_add_fd(s->loop, s->pipes[0][1], EPOLLOUT, end_loop, s, NULL, NULL);
}

static void test_loop_adds_inside_a_callback(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < 2; i++)
		assert_int_equal(
			loop_add_timer(s->loop, 0, 1 * MS, replace_both, s, &s->source[i], NULL),
			0);
	usleep(2000);
	assert_int_equal(loop_run(s->loop), 0);
	assert_int_equal(s->expirations, 1);
	assert_int_equal(s->calls, 1);
}

static void test_loop_removes_between_runs(void **state)
{
	struct scene *s = *state;

	assert_int_equal(
		loop_add_fd(s->loop, s->pipes[0][0], EPOLLIN, count_call, s, &s->source[0], NULL),
		0);
	make_readable(s, 0);
	loop_remove(s->loop, s->source[0]);
	/* The descriptor is free to be added once more. */
	assert_int_equal(loop_add_fd(s->loop, s->pipes[0][0], EPOLLIN, end_loop, s, NULL, NULL), 0);
	assert_int_equal(loop_run(s->loop), 0);
	assert_int_equal(s->calls, 0);
}

static void test_loop_has_more_sources_than_a_batch(void **state)
{
	struct scene *s = *state;

	s->enough = 100;
	for (int i = 0; i < 100; i++)
		assert_int_equal(loop_add_timer(s->loop, 0, 0, count_call, s, NULL, NULL), 0);
	assert_int_equal(loop_run(s->loop), 0);
	assert_int_equal(s->calls, 100);
}

static void test_loop_free_leaves_descriptors_open(void **state)
{
	struct scene *s = *state;

	assert_int_equal(loop_add_fd(s->loop, s->pipes[0][0], EPOLLIN, count_call, s, NULL, NULL),
			 0);
	loop_free(s->loop);
	s->loop = NULL;
	assert_true(fcntl(s->pipes[0][0], F_GETFD) >= 0);
	loop_free(NULL);
}

#define scene_test(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(test_loop_calls_for_a_ready_descriptor),
		scene_test(test_loop_ends_with_the_callbacks_error),
		scene_test(test_loop_refuses_a_regular_file),
		scene_test(test_loop_timer_fires_once),
		scene_test(test_loop_timer_repeats_from_now),
		scene_test(test_loop_timer_counts_what_was_missed),
		scene_test(test_loop_delivers_signals),
		scene_test(test_loop_removes_inside_a_callback),
		scene_test(test_loop_adds_inside_a_callback),
		scene_test(test_loop_removes_between_runs),
		scene_test(test_loop_has_more_sources_than_a_batch),
		scene_test(test_loop_free_leaves_descriptors_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
