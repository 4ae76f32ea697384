// SPDX-License-Identifier: Apache-2.0
#include "tests/support/sink_fixture.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include "runner/sink/out.h"

#define SOON_MS 5000 /* what has to happen happens much earlier */

/* A sink that notes what it was given. */
struct noting_sink {
	struct sink sink;
	struct strbuf notes;
	uint64_t events;
	_Atomic int row_calls;
	int event_result, open_result;
	bool closed, *ret_freed;
};

static struct noting_sink *noting(struct sink *sink)
{
	return container_of(sink, struct noting_sink, sink);
}

static int noting_open(struct sink *sink, const struct sink_env *env, struct err *err)
{
	int ret = noting(sink)->open_result;

	return ret ? err_set(err, -ret, "no luck") : 0;
}

static int noting_event(struct sink *sink, const struct record *record)
{
	struct noting_sink *n = noting(sink);
	const struct connlat *event = record->part[PART_VALUE];

	/* In order, each once. */
	if (event->delta_us != n->events)
		return -EILSEQ;
	n->events++;
	return n->event_result;
}

static int noting_rows(struct sink *sink, const struct series_rows *rows, uint64_t time_ns)
{
	strbuf_addf(&noting(sink)->notes, "%s:%u ", rows->plan->map->name, rows->count);
	noting(sink)->row_calls++;
	return 0;
}

static int noting_lost(struct sink *sink, const struct map_plan *map, enum lost_where where,
		       uint64_t count, uint64_t time_ns)
{
	strbuf_addf(&noting(sink)->notes, "lost-%s:%s:%llu ", where == LOST_QUEUE ? "q" : "k",
		    map->name, (unsigned long long)count);
	return 0;
}

static void noting_close(struct sink *sink)
{
	noting(sink)->closed = true;
}

static void noting_free(struct sink *sink)
{
	*noting(sink)->ret_freed = true;
	strbuf_release(&noting(sink)->notes);
	free(noting(sink));
}

static const struct sink_ops noting_ops = {
	.name = "noting",
	.open = noting_open,
	.event = noting_event,
	.rows = noting_rows,
	.lost = noting_lost,
	.close = noting_close,
	.free = noting_free,
};

static struct noting_sink *noting_new(bool *ret_freed)
{
	struct noting_sink *n = xcalloc(1, sizeof(*n));

	n->sink.ops = &noting_ops;
	n->ret_freed = ret_freed;
	*ret_freed = false;
	strbuf_init(&n->notes, 4096);
	return n;
}

static void put(struct fixture *f, uint64_t from, uint64_t count)
{
	struct connlat event = a_connlat();
	struct record record = record_of(f, MAP_EVENTS, &event);
	struct timespec nap = { .tv_nsec = 100000 };

	for (uint64_t i = from; i < from + count; i++) {
		event.delta_us = i;
		while (!queue_put(f->collector.queue, &record)) {
			queue_publish(f->collector.queue);
			nanosleep(&nap, NULL);
		}
	}
	queue_publish(f->collector.queue);
}

static bool woken(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, SOON_MS) == 1;
}

static void test_host_gives_all_records_in_order(void **state)
{
	struct sink_host *host;
	struct noting_sink *n;
	struct fixture f;
	uint64_t unwritten = 9;
	bool freed;

	fixture_init(&f);
	n = noting_new(&freed);
	assert_int_equal(host_up(&host, &n->sink, &f.env, -1, NULL), 0);
	put(&f, 0, 300000);
	assert_int_equal(sink_host_stop(host, SOON_MS, &unwritten, NULL), 0);
	assert_int_equal(unwritten, 0);
	assert_int_equal(n->events, 300000);
	assert_int_equal(sink_host_records(host), 300000);
	assert_true(n->closed);
	sink_host_free(host);
	assert_true(freed);
	fixture_release(&f);
}

/* A tick gives what changed since the last one, and losses as differences; so does the end. */
static void test_host_rows_and_losses_as_differences(void **state)
{
	struct sink_host *host;
	struct noting_sink *n;
	struct fixture f;
	bool freed;

	fixture_init(&f);
	n = noting_new(&freed);
	assert_int_equal(host_up(&host, &n->sink, &f.env, -1, NULL), 0);
	collector_lock(&f.collector);
	sweep_begin(&f, MAP_CONNS);
	put_conn(&f, 1, 1);
	put_conn(&f, 2, 1);
	sweep_end(&f, MAP_CONNS);
	f.collector.stats[MAP_EVENTS].lost = 5;
	collector_unlock(&f.collector);
	sink_host_tick(host);
	for (int i = 0; i < SOON_MS && !n->row_calls; i++)
		usleep(1000);
	sink_host_tick(host); /* nothing new */
	usleep(20000);
	collector_lock(&f.collector);
	sweep_begin(&f, MAP_CONNS);
	put_conn(&f, 1, 2);
	put_conn(&f, 2, 1);
	sweep_end(&f, MAP_CONNS);
	f.collector.stats[MAP_EVENTS].lost = 7;
	f.collector.stats[MAP_EVENTS].dropped = 4;
	collector_unlock(&f.collector);
	assert_int_equal(sink_host_stop(host, SOON_MS, NULL, NULL), 0);
	assert_string_equal(strbuf_str(&n->notes), "lost-k:events:5 conns:2 lost-k:events:2 "
						   "lost-q:events:4 conns:1 ");
	sink_host_free(host);
	fixture_release(&f);
}

static void test_host_rows_come_in_blocks(void **state)
{
	struct sink_host *host;
	struct noting_sink *n;
	struct fixture f;
	bool freed;

	fixture_init(&f);
	n = noting_new(&freed);
	assert_int_equal(host_up(&host, &n->sink, &f.env, -1, NULL), 0);
	collector_lock(&f.collector);
	sweep_begin(&f, MAP_HTTP);
	for (int i = 0; i < 600; i++)
		put_http(&f, i, i, 0);
	sweep_end(&f, MAP_HTTP);
	collector_unlock(&f.collector);
	assert_int_equal(sink_host_stop(host, SOON_MS, NULL, NULL), 0);
	assert_string_equal(strbuf_str(&n->notes), "http:256 http:256 http:88 ");
	sink_host_free(host);
	fixture_release(&f);
}

static void test_host_wakes_main_when_sink_has_enough(void **state)
{
	int wake = eventfd(0, EFD_NONBLOCK);
	struct sink_host *host;
	struct noting_sink *n;
	struct fixture f;
	bool freed;

	fixture_init(&f);
	n = noting_new(&freed);
	n->event_result = 1;
	assert_int_equal(host_up(&host, &n->sink, &f.env, wake, NULL), 0);
	put(&f, 0, 10);
	assert_true(woken(wake));
	assert_int_equal(sink_host_stop(host, SOON_MS, NULL, NULL), 0);
	assert_int_equal(n->events, 1);
	sink_host_free(host);
	fixture_release(&f);
	close(wake);
}

static void test_host_reports_error_of_sink(void **state)
{
	int wake = eventfd(0, EFD_NONBLOCK);
	struct sink_host *host;
	struct noting_sink *n;
	struct err err = { 0 };
	struct fixture f;
	uint64_t unwritten;
	bool freed;

	fixture_init(&f);
	n = noting_new(&freed);
	n->event_result = -EIO;
	assert_int_equal(host_up(&host, &n->sink, &f.env, wake, NULL), 0);
	put(&f, 0, 1);
	assert_true(woken(wake));
	assert_int_equal(sink_host_stop(host, SOON_MS, &unwritten, &err), -EIO);
	assert_non_null(strstr(err.msg, "cannot write the noting output"));
	assert_true(n->closed);
	sink_host_free(host);

	n = noting_new(&freed);
	n->open_result = -EADDRINUSE;
	assert_int_equal(host_up(&host, &n->sink, &f.env, wake, &err), -EADDRINUSE);
	assert_string_equal(err.msg, "no luck");
	assert_false(freed); /* still the caller's */
	n->sink.ops->free(&n->sink);
	fixture_release(&f);
	close(wake);
}

/* The reader leaves while there is nothing to write: the main loop hears of it all the same. */
static void reader_leaves_while_idle(int fds[2], bool with_records)
{
	int wake = eventfd(0, EFD_NONBLOCK);
	struct sink_host *host;
	struct fixture f;
	struct err err = { 0 };

	fixture_init(&f);
	if (!with_records)
		f.maps[MAP_EVENTS].role = f.maps[MAP_NESTED].role = ROLE_INTERNAL;
	assert_int_equal(host_up(&host, sink_json_new(fds[1]), &f.env, wake, &err), 0);
	assert_true(with_records == !!f.collector.queue);
	usleep(20000);
	close(fds[0]);
	assert_true(woken(wake));
	assert_int_equal(sink_host_stop(host, SOON_MS, NULL, &err), -EPIPE);
	assert_string_equal(err.msg, "");
	sink_host_free(host);
	fixture_release(&f);
	close(fds[1]);
	close(wake);
}

static void test_host_notices_idle_reader_leaving(void **state)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	reader_leaves_while_idle(fds, true);
	assert_int_equal(pipe(fds), 0);
	reader_leaves_while_idle(fds, false);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	reader_leaves_while_idle(fds, true);
}

static void test_host_ends_quietly_when_reader_left(void **state)
{
	struct sink_host *host;
	struct err err = { 0 };
	struct fixture f;
	int fds[2];

	assert_int_equal(signal(SIGPIPE, SIG_DFL) == SIG_ERR, 0);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	fixture_init(&f);
	assert_int_equal(host_up(&host, sink_json_new(fds[1]), &f.env, -1, &err), 0);
	put(&f, 0, 10);
	assert_int_equal(sink_host_stop(host, SOON_MS, NULL, &err), -EPIPE);
	sink_host_free(host);
	fixture_release(&f);
	close(fds[1]);
}

static uint64_t lines_in(int fd)
{
	static char buf[65536];
	uint64_t lines = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += buf[i] == '\n';
	return lines;
}

/* A pipe that nobody reads: the end comes in time, and every record is accounted for. */
static void stalled(int fds[2])
{
	struct sink_host *host;
	struct err err = { 0 };
	struct fixture f;
	struct timespec a, b;
	uint64_t unwritten = 0;

	fixture_init(&f);
	assert_int_equal(host_up(&host, sink_json_new(fds[1]), &f.env, -1, &err), 0);
	put(&f, 0, 5000);
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(sink_host_stop(host, 200, &unwritten, &err), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true(b.tv_sec - a.tv_sec <= 3);
	assert_true(unwritten > 0);
	sink_host_free(host);
	close(fds[1]);
	assert_int_equal(lines_in(fds[0]) + unwritten, 5000);
	close(fds[0]);
	fixture_release(&f);
}

static void test_host_stalled_reader(void **state)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	stalled(fds);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	stalled(fds);
}

/* Nobody's flags are changed: the descriptor may belong to a shell too. */
static void test_host_leaves_flags_alone(void **state)
{
	struct sink_host *host;
	struct fixture f;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	fixture_init(&f);
	assert_int_equal(host_up(&host, sink_json_new(fds[1]), &f.env, -1, NULL), 0);
	put(&f, 0, 1);
	assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(sink_host_stop(host, SOON_MS, NULL, NULL), 0);
	sink_host_free(host);
	assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
	close(fds[1]);
	assert_int_equal(lines_in(fds[0]), 1);
	close(fds[0]);
	fixture_release(&f);
}

struct slow_reader {
	int fd;
	uint64_t lines;
};

static void *read_slowly(void *arg)
{
	struct slow_reader *reader = arg;
	char buf[3000];
	ssize_t n;

	while ((n = read(reader->fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			reader->lines += buf[i] == '\n';
		usleep(10);
	}
	return NULL;
}

/* A descriptor that does not block already, and a reader in small bites: nothing is lost. */
static void test_host_slow_reader_gets_everything(void **state)
{
	struct slow_reader reader = { 0 };
	struct sink_host *host;
	struct fixture f;
	pthread_t thread;
	int fds[2];

	for (int round = 0; round < 3; round++) {
		if (round < 2)
			assert_int_equal(pipe2(fds, round ? O_NONBLOCK : 0), 0);
		else
			assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		fcntl(fds[0], F_SETFL, 0);
		reader = (struct slow_reader){ fds[0], 0 };
		pthread_create(&thread, NULL, read_slowly, &reader);
		fixture_init(&f);
		assert_int_equal(host_up(&host, sink_json_new(fds[1]), &f.env, -1, NULL), 0);
		put(&f, 0, 20000);
		assert_int_equal(sink_host_stop(host, 30000, NULL, NULL), 0);
		sink_host_free(host);
		close(fds[1]);
		pthread_join(thread, NULL);
		assert_int_equal(reader.lines, 20000);
		close(fds[0]);
		fixture_release(&f);
	}
}

/* Without /proc there is no second description of a pipe: small writes then. */
static void test_out_pipe_without_private_description(void **state)
{
	struct slow_reader reader = { 0 };
	struct out out;
	pthread_t thread;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	reader.fd = fds[0];
	out_init(&out, fds[1]);
	assert_true(out.private_fd >= 0);
	close(out.private_fd);
	out.private_fd = -1;
	pthread_create(&thread, NULL, read_slowly, &reader);
	for (int i = 0; i < 100000; i++)
		out_adds(&out, "line\n");
	assert_int_equal(out_flush(&out), 0);
	out_release(&out);
	close(fds[1]);
	pthread_join(thread, NULL);
	assert_int_equal(reader.lines, 100000);
	close(fds[0]);
}

static void test_out_counts_lines_it_could_not_write(void **state)
{
	struct out out;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	out_init(&out, fds[1]);
	out_adds(&out, "a\nb\n");
	assert_int_equal(out_flush(&out), -EPIPE);
	out_adds(&out, "c\n");
	assert_int_equal(out_flush(&out), -EPIPE);
	assert_int_equal(out.unwritten_lines, 3);
	assert_true(out_reader_left(&out));
	out_release(&out);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_gives_all_records_in_order),
		cmocka_unit_test(test_host_rows_and_losses_as_differences),
		cmocka_unit_test(test_host_rows_come_in_blocks),
		cmocka_unit_test(test_host_wakes_main_when_sink_has_enough),
		cmocka_unit_test(test_host_reports_error_of_sink),
		cmocka_unit_test(test_host_notices_idle_reader_leaving),
		cmocka_unit_test(test_host_ends_quietly_when_reader_left),
		cmocka_unit_test(test_host_stalled_reader),
		cmocka_unit_test(test_host_leaves_flags_alone),
		cmocka_unit_test(test_host_slow_reader_gets_everything),
		cmocka_unit_test(test_out_pipe_without_private_description),
		cmocka_unit_test(test_out_counts_lines_it_could_not_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
