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

static int noting_open(struct sink *sink, struct err *err)
{
	int ret = noting(sink)->open_result;

	return ret ? err_set(err, -ret, "no luck") : 0;
}

static int noting_event(struct sink *sink, struct source *source, const struct record *record)
{
	struct noting_sink *n = noting(sink);
	const struct connlat *event = record->part[PART_VALUE];

	/* In order, each once. */
	if (event->delta_us != n->events)
		return -EILSEQ;
	n->events++;
	return n->event_result;
}

static int noting_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		       uint64_t time_ns)
{
	strbuf_addf(&noting(sink)->notes, "%s:%u ", rows->plan->map->name, rows->count);
	noting(sink)->row_calls++;
	return 0;
}

static int noting_lost(struct sink *sink, struct source *source, const struct map_plan *map,
		       enum lost_where where, uint64_t count, uint64_t time_ns)
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
		while (!queue_put(f->fake.queue, &record)) {
			queue_publish(f->fake.queue);
			nanosleep(&nap, NULL);
		}
	}
	queue_publish(f->fake.queue);
}

static bool woken(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, SOON_MS) == 1;
}

static void test_host_gives_all_records_in_order(void **state)
{
	struct host *host;
	struct noting_sink *n;
	struct fixture f;
	uint64_t unwritten = 9;
	bool freed;

	fixture_init(&f);
	n = noting_new(&freed);
	host = host_up_plain(&f, &n->sink, NULL);
	put(&f, 0, 300000);
	assert_int_equal(host_stop(host, SOON_MS, &unwritten, NULL), 0);
	assert_int_equal(unwritten, 0);
	assert_int_equal(n->events, 300000);
	assert_true(n->closed);
	host_free(host);
	assert_true(freed);
	fixture_release(&f);
}

/* A tick gives what changed since the last one, and losses as differences; so does the end. */
static void test_host_rows_and_losses_as_differences(void **state)
{
	struct host *host;
	struct noting_sink *n;
	struct fixture f;
	bool freed;

	fixture_init(&f);
	n = noting_new(&freed);
	host = host_up_plain(&f, &n->sink, NULL);
	fake_lock(&f.fake);
	sweep_begin(&f, MAP_CONNS);
	put_conn(&f, 1, 1);
	put_conn(&f, 2, 1);
	sweep_end(&f, MAP_CONNS);
	f.fake.stats[MAP_EVENTS].lost = 5;
	fake_unlock(&f.fake);
	host_tick(host, &f.fake.source);
	for (int i = 0; i < SOON_MS && !n->row_calls; i++)
		usleep(1000);
	host_tick(host, &f.fake.source); /* nothing new */
	usleep(20000);
	fake_lock(&f.fake);
	sweep_begin(&f, MAP_CONNS);
	put_conn(&f, 1, 2);
	put_conn(&f, 2, 1);
	sweep_end(&f, MAP_CONNS);
	f.fake.stats[MAP_EVENTS].lost = 7;
	f.fake.stats[MAP_EVENTS].dropped = 4;
	fake_unlock(&f.fake);
	assert_int_equal(host_stop(host, SOON_MS, NULL, NULL), 0);
	assert_string_equal(strbuf_str(&n->notes), "lost-k:events:5 conns:2 lost-k:events:2 "
						   "lost-q:events:4 conns:1 ");
	host_free(host);
	fixture_release(&f);
}

static void test_host_rows_come_in_blocks(void **state)
{
	struct host *host;
	struct noting_sink *n;
	struct fixture f;
	bool freed;

	fixture_init(&f);
	n = noting_new(&freed);
	host = host_up_plain(&f, &n->sink, NULL);
	fake_lock(&f.fake);
	sweep_begin(&f, MAP_HTTP);
	for (int i = 0; i < 600; i++)
		put_http(&f, i, i, 0);
	sweep_end(&f, MAP_HTTP);
	fake_unlock(&f.fake);
	assert_int_equal(host_stop(host, SOON_MS, NULL, NULL), 0);
	assert_string_equal(strbuf_str(&n->notes), "http:256 http:256 http:88 ");
	host_free(host);
	fixture_release(&f);
}

static void test_host_wakes_main_when_sink_has_enough(void **state)
{
	int wake = eventfd(0, EFD_NONBLOCK);
	struct host *host;
	struct noting_sink *n;
	struct fixture f;
	bool freed;

	fixture_init(&f);
	n = noting_new(&freed);
	n->event_result = 1;
	host = host_up(&f, &n->sink, &(struct host_opts){ .wake_fd = wake }, NULL);
	put(&f, 0, 10);
	assert_true(woken(wake));
	assert_int_equal(host_stop(host, SOON_MS, NULL, NULL), 0);
	assert_int_equal(n->events, 1);
	host_free(host);
	fixture_release(&f);
	close(wake);
}

static void test_host_reports_error_of_sink(void **state)
{
	int wake = eventfd(0, EFD_NONBLOCK);
	struct host *host;
	struct noting_sink *n;
	struct err err = { 0 };
	struct fixture f;
	uint64_t unwritten;
	bool freed;

	fixture_init(&f);
	n = noting_new(&freed);
	n->event_result = -EIO;
	host = host_up(&f, &n->sink, &(struct host_opts){ .wake_fd = wake }, NULL);
	put(&f, 0, 1);
	assert_true(woken(wake));
	assert_int_equal(host_stop(host, SOON_MS, &unwritten, &err), -EIO);
	assert_non_null(strstr(err.msg, "cannot write the noting output"));
	assert_true(n->closed);
	host_free(host);

	n = noting_new(&freed);
	n->open_result = -EADDRINUSE;
	assert_null(host_up_plain(&f, &n->sink, &err));
	assert_string_equal(err.msg, "no luck");
	assert_true(freed); /* the host took it over */
	fixture_release(&f);
	close(wake);
}

/* A sink that writes only when it closes. */
struct last_words {
	struct sink sink;
	struct out out;
};

static int last_words_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
			   uint64_t time_ns)
{
	return 0;
}

static void last_words_close(struct sink *sink)
{
	out_adds(&container_of(sink, struct last_words, sink)->out, "the end\n");
}

static struct out *last_words_out(struct sink *sink)
{
	return &container_of(sink, struct last_words, sink)->out;
}

static void last_words_free(struct sink *sink)
{
	struct last_words *last = container_of(sink, struct last_words, sink);

	out_release(&last->out);
	free(last);
}

static const struct sink_ops last_words_ops = {
	.name = "last",
	.rows = last_words_rows,
	.close = last_words_close,
	.free = last_words_free,
	.out = last_words_out,
};

static void test_host_reports_write_error_in_close(void **state)
{
	struct last_words *last = xcalloc(1, sizeof(*last));
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct host *host;
	struct err err = { 0 };
	struct fixture f;
	uint64_t unwritten;

	fixture_init(&f);
	last->sink.ops = &last_words_ops;
	out_init(&last->out, full);
	host = host_up_plain(&f, &last->sink, &err);
	assert_non_null(host);
	assert_int_equal(host_stop(host, SOON_MS, &unwritten, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "cannot write the last output"));
	host_free(host);
	fixture_release(&f);
	close(full);
}

/* -n counts records and rows alike, and no row more is given. */
static void test_host_ends_after_so_many(void **state)
{
	struct host_opts opts = { .max_records = 5, .wake_fd = eventfd(0, EFD_NONBLOCK) };
	struct noting_sink *n;
	struct fixture f;
	struct host *host;
	bool freed;

	fixture_init(&f);
	n = noting_new(&freed);
	host = host_up(&f, &n->sink, &opts, NULL);
	put(&f, 0, 2);
	fake_lock(&f.fake);
	sweep_begin(&f, MAP_CONNS);
	for (int i = 0; i < 10; i++)
		put_conn(&f, i, 1);
	sweep_end(&f, MAP_CONNS);
	fake_unlock(&f.fake);
	for (int i = 0; i < SOON_MS && n->events < 2; i++)
		usleep(1000);
	host_tick(host, &f.fake.source);
	assert_true(woken(opts.wake_fd));
	assert_int_equal(host_stop(host, SOON_MS, NULL, NULL), 0);
	assert_int_equal(n->events, 2);
	assert_string_equal(strbuf_str(&n->notes), "conns:3 ");
	host_free(host);
	fixture_release(&f);
	close(opts.wake_fd);
}

/* Two sinks that stand together get the same, and -n is of both. */
static void test_host_gives_several_sinks_the_same(void **state)
{
	struct host_opts opts = { .max_records = 7, .wake_fd = eventfd(0, EFD_NONBLOCK) };
	struct noting_sink *a, *b;
	struct sink *both[2];
	struct fixture f;
	struct host *host = host_new(&opts);
	bool freed[2];

	fixture_init(&f);
	a = noting_new(&freed[0]);
	b = noting_new(&freed[1]);
	both[0] = &a->sink;
	both[1] = &b->sink;
	host_add_sinks(host, both, 2);
	assert_int_equal(host_open(host, NULL), 0);
	assert_int_equal(host_add_source(host, &f.fake.source, NULL), 0);
	assert_int_equal(host_start(host, NULL), 0);
	put(&f, 0, 100);
	assert_true(woken(opts.wake_fd));
	assert_int_equal(host_stop(host, SOON_MS, NULL, NULL), 0);
	assert_int_equal(a->events, 7);
	assert_int_equal(b->events, 7);
	assert_true(a->closed && b->closed);
	host_free(host);
	assert_true(freed[0] && freed[1]);
	fixture_release(&f);
	close(opts.wake_fd);
}

static void put_into(struct fake_source *fake, const struct record *record, int count)
{
	for (int i = 0; i < count; i++)
		while (!queue_put(fake->queue, record))
			usleep(100);
	queue_publish(fake->queue);
}

/* Lines of `text` that have this in them. */
static int lines_with(const char *text, const char *part)
{
	int count = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		count++;
	return count;
}

/* A second source comes while the first one runs, and goes: everything that it left is written
 * before host_remove_source() returns, each line names its program, and its number is free. */
static void test_host_sources_come_and_go(void **state)
{
	enum { ROUNDS = 10, RECORDS = 100 };
	struct connlat e = a_connlat();
	struct record record;
	struct fake_source other;
	struct fixture f;
	struct host *host;
	char *text;

	fixture_init(&f);
	record = record_of(&f, MAP_EVENTS, &e);
	f.fake.source.several = true;
	fake_source_init(&other, "registry.example/x/second:1", &f.plan, f.clock);
	other.source.several = true;
	host = host_up_plain(&f, sink_json_new(f.fd), NULL);
	put_into(&f.fake, &record, 3);
	for (int round = 0; round < ROUNDS; round++) {
		assert_int_equal(host_add_source(host, &other.source, NULL), 0);
		assert_int_equal(other.source.number, 1);
		put_into(&other, &record, RECORDS);
		other.stats[MAP_EVENTS].lost += 2;
		put_into(&f.fake, &record, 1);
		assert_int_equal(host_remove_source(host, &other.source, SOON_MS), 0);
		assert_null(other.queue);
		text = written(&f);
		assert_int_equal(lines_with(text, "\"program\":\"second\",\"map\":\"events\","
						  "\"kind\":\"event\""),
				 RECORDS * (round + 1));
		free(text);
		other.stats[MAP_EVENTS].lost = 0;
	}
	assert_int_equal(host_stop(host, SOON_MS, NULL, NULL), 0);
	text = written(&f);
	assert_int_equal(lines_with(text, "\"program\":\"fixture\",\"map\":\"events\""),
			 3 + ROUNDS);
	assert_int_equal(lines_with(text, "\"program\":\"second\",\"map\":\"events\","
					  "\"kind\":\"lost\",\"count\":2"),
			 ROUNDS);
	free(text);
	host_free(host);
	fake_source_release(&other);
	fixture_release(&f);
}

/* A source whose records fit in no pipe that has a reader stays until the host is gone. */
static void test_host_source_that_cannot_go(void **state)
{
	struct fixture f;
	struct host *host;
	uint64_t unwritten = 0;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	fixture_init(&f);
	host = host_up_plain(&f, sink_json_new(fds[1]), NULL);
	put(&f, 0, 5000);
	assert_int_equal(host_remove_source(host, &f.fake.source, 100), -ETIMEDOUT);
	assert_int_equal(host_stop(host, 100, &unwritten, NULL), -ETIMEDOUT);
	assert_true(unwritten > 0);
	host_free(host);
	close(fds[0]);
	close(fds[1]);
	fixture_release(&f);
}

/* The loop does not wait for a sink that stalls: a bell says when it has let the source go, and its
 * number is another's only then. */
static void test_host_source_leaves_by_and_by(void **state)
{
	int left = eventfd(0, EFD_NONBLOCK), fds[2];
	struct fake_source other;
	struct fixture f;
	struct host *host;
	uint64_t start, lines = 0;
	char bytes[65536];

	assert_int_equal(pipe(fds), 0);
	fixture_init(&f);
	fake_source_init(&other, "other", &f.plan, f.clock);
	host = host_up(&f, sink_json_new(fds[1]),
		       &(struct host_opts){ .wake_fd = -1, .left_fd = left }, NULL);
	put(&f, 0, 5000);
	start = now_mono_ns();
	host_leave_source(host, &f.fake.source);
	assert_false(host_has_left(host, &f.fake.source));
	assert_true(now_mono_ns() - start < 500000000);
	assert_null(f.fake.queue);
	assert_int_equal(host_add_source(host, &other.source, NULL), 0);
	assert_int_equal(other.source.number, 1);
	/* The reader reads on. */
	for (;;) {
		struct pollfd pfds[] = { { fds[0], POLLIN, 0 }, { left, POLLIN, 0 } };
		ssize_t n;

		assert_true(poll(pfds, 2, SOON_MS) > 0);
		if (!pfds[0].revents)
			break;
		n = read(fds[0], bytes, sizeof(bytes));
		for (ssize_t i = 0; i < n; i++)
			lines += bytes[i] == '\n';
	}
	assert_true(host_has_left(host, &f.fake.source));
	assert_int_equal(lines, 5000);
	assert_int_equal(host_add_source(host, &f.fake.source, NULL), 0);
	assert_int_equal(f.fake.source.number, 0);
	close(fds[0]);
	host_stop(host, SOON_MS, NULL, NULL);
	host_free(host);
	fake_source_release(&other);
	close(fds[1]);
	close(left);
	fixture_release(&f);
}

/* The reader leaves while there is nothing to write: the main loop hears of it all the same. */
static void reader_leaves_while_idle(int fds[2], bool with_records)
{
	int wake = eventfd(0, EFD_NONBLOCK);
	struct host *host;
	struct fixture f;
	struct err err = { 0 };

	fixture_init(&f);
	if (!with_records)
		f.maps[MAP_EVENTS].role = f.maps[MAP_NESTED].role = ROLE_INTERNAL;
	host = host_up(&f, sink_json_new(fds[1]), &(struct host_opts){ .wake_fd = wake }, &err);
	assert_true(with_records == !!f.fake.queue);
	usleep(20000);
	close(fds[0]);
	assert_true(woken(wake));
	assert_int_equal(host_stop(host, SOON_MS, NULL, &err), -EPIPE);
	assert_string_equal(err.msg, "");
	host_free(host);
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
	struct host *host;
	struct err err = { 0 };
	struct fixture f;
	int fds[2];

	assert_int_equal(signal(SIGPIPE, SIG_DFL) == SIG_ERR, 0);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	fixture_init(&f);
	host = host_up_plain(&f, sink_json_new(fds[1]), &err);
	put(&f, 0, 10);
	assert_int_equal(host_stop(host, SOON_MS, NULL, &err), -EPIPE);
	host_free(host);
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
	struct host *host;
	struct err err = { 0 };
	struct fixture f;
	struct timespec a, b;
	uint64_t unwritten = 0;

	fixture_init(&f);
	host = host_up_plain(&f, sink_json_new(fds[1]), &err);
	put(&f, 0, 5000);
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(host_stop(host, 200, &unwritten, &err), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true(b.tv_sec - a.tv_sec <= 3);
	assert_true(unwritten > 0);
	host_free(host);
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
	struct host *host;
	struct fixture f;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	fixture_init(&f);
	host = host_up_plain(&f, sink_json_new(fds[1]), NULL);
	put(&f, 0, 1);
	assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(host_stop(host, SOON_MS, NULL, NULL), 0);
	host_free(host);
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
	struct host *host;
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
		host = host_up_plain(&f, sink_json_new(fds[1]), NULL);
		put(&f, 0, 20000);
		assert_int_equal(host_stop(host, 30000, NULL, NULL), 0);
		host_free(host);
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
		cmocka_unit_test(test_host_ends_after_so_many),
		cmocka_unit_test(test_host_gives_several_sinks_the_same),
		cmocka_unit_test(test_host_sources_come_and_go),
		cmocka_unit_test(test_host_source_that_cannot_go),
		cmocka_unit_test(test_host_source_leaves_by_and_by),
		cmocka_unit_test(test_host_wakes_main_when_sink_has_enough),
		cmocka_unit_test(test_host_reports_error_of_sink),
		cmocka_unit_test(test_host_reports_write_error_in_close),
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
