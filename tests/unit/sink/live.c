// SPDX-License-Identifier: Apache-2.0
/* The page for browsers: the texts that viewers read, which are the lines of -o json. */
#include "tests/support/sink_fixture.h"
#include <arpa/inet.h>
#include <sys/socket.h>
#include "runner/sink/live/feed.h"
#include "runner/sink/live/live.h"
#include "runner/sink/out.h"

#define ROOM (1u << 20)
#define SECOND 1000000000ull

/* --- the feed --------------------------------------------------------------------------------- */

struct reader {
	struct viewer *viewer;
	struct strbuf text;
	int paused; /* 1: and not resumed */
};

static void on_pause(void *ctx)
{
	((struct reader *)ctx)->paused++;
}

static void on_resume(void *ctx)
{
	((struct reader *)ctx)->paused--;
}

static bool begin_reading(struct reader *r, struct feed *feed)
{
	*r = (struct reader){ .text = STRBUF_INIT(ROOM) };
	r->viewer = viewer_new(feed, &(struct viewer_ops){ on_pause, on_resume, r });
	return r->viewer != NULL;
}

/* All that there is, in pieces of `max` bytes. Returns the last result. */
static ssize_t read_all(struct reader *r, size_t max)
{
	char piece[64];
	ssize_t n;

	while ((n = viewer_read(r->viewer, piece, max)) > 0) {
		assert_true((size_t)n <= max);
		strbuf_add(&r->text, piece, (size_t)n);
	}
	return n;
}

static void end_reading(struct reader *r)
{
	viewer_free(r->viewer);
	strbuf_release(&r->text);
}

static void put(struct feed *feed, const char *text)
{
	feed_put(feed, text, strlen(text), 1);
}

static void make_beginning(struct feed *feed, const char *text, uint64_t now_ns)
{
	feed_begin(feed);
	feed_put_beginning(feed, text, strlen(text));
	feed_end(feed, now_ns);
}

static void test_feed_gives_a_beginning_and_what_follows(void **state)
{
	struct feed *feed = feed_new(1000, 2, -1);
	struct reader r;

	put(feed, "without a viewer ");
	assert_false(feed_wants_beginning(feed, SECOND));
	assert_true(begin_reading(&r, feed));
	put(feed, "before ");
	assert_int_equal(read_all(&r, 3), -EAGAIN);
	assert_int_equal(r.paused, 1);
	assert_true(feed_wants_beginning(feed, SECOND));
	put(feed, "in it ");
	assert_int_equal(r.paused, 1); /* without a beginning it cannot go on */
	feed_begin(feed);
	feed_put_beginning(feed, "<one>", 5);
	put(feed, "meanwhile ");
	feed_put_beginning(feed, "<two>", 5);
	feed_end(feed, SECOND);
	assert_int_equal(r.paused, 0);
	put(feed, "after");
	assert_int_equal(read_all(&r, 3), -EAGAIN);
	assert_string_equal(strbuf_str(&r.text), "<one><two>meanwhile after");
	put(feed, "!");
	assert_int_equal(r.paused, 0);
	feed_close(feed);
	assert_int_equal(read_all(&r, 64), 0);
	assert_string_equal(strbuf_str(&r.text), "<one><two>meanwhile after!");
	end_reading(&r);
	feed_free(feed);
}

/* A viewer that is too slow misses lines and learns how many; the other viewer misses none. */
static void test_feed_skips_the_slow_one_alone(void **state)
{
	struct feed *feed = feed_new(40, 2, -1);
	struct reader slow, fast;
	char piece[4];

	assert_true(begin_reading(&slow, feed));
	assert_true(begin_reading(&fast, feed));
	read_all(&slow, 1);
	read_all(&fast, 1);
	make_beginning(feed, "<0>", SECOND);
	read_all(&slow, 8);
	put(feed, "line0\n");
	assert_int_equal(viewer_read(slow.viewer, piece, 4), 4); /* in the middle of it */
	strbuf_add(&slow.text, piece, 4);
	for (int i = 1; i < 20; i++) {
		char line[16];

		snprintf(line, sizeof(line), "line%d\n", i);
		put(feed, line);
		assert_int_equal(read_all(&fast, 5), -EAGAIN);
	}
	assert_true(feed_stats(feed).ring_bytes <= 40);
	assert_int_equal(read_all(&slow, 8), -EAGAIN);
	assert_true(feed_wants_beginning(feed, SECOND));
	make_beginning(feed, "<20>", SECOND);
	put(feed, "line20\n");
	assert_int_equal(read_all(&slow, 8), -EAGAIN);
	assert_string_equal(strbuf_str(&slow.text),
			    "<0>line0\nevent: skipped\ndata: {\"lines\":19}\n\n<20>line20\n");
	assert_int_equal(feed_stats(feed).skipped, 19);
	read_all(&fast, 8);
	for (int i = 0; i <= 20; i++) {
		char line[16];

		snprintf(line, sizeof(line), "line%d\n", i);
		assert_non_null(strstr(strbuf_str(&fast.text), line));
	}
	assert_null(strstr(strbuf_str(&fast.text), "skipped"));
	end_reading(&slow);
	end_reading(&fast);
	feed_free(feed);
}

/* A viewer leaves a beginning that the ring does not continue any more, also in its middle. */
static void test_feed_gives_up_an_old_beginning(void **state)
{
	struct feed *feed = feed_new(20, 1, -1);
	struct reader r;
	char piece[4];

	assert_true(begin_reading(&r, feed));
	read_all(&r, 1);
	feed_begin(feed);
	feed_put_beginning(feed, "<one>", 5);
	feed_put_beginning(feed, "<two>", 5);
	feed_end(feed, SECOND);
	assert_int_equal(viewer_read(r.viewer, piece, 4), 4);
	strbuf_add(&r.text, piece, 4);
	for (int i = 0; i < 10; i++)
		put(feed, "12345678");
	assert_int_equal(read_all(&r, 8), -EAGAIN);
	assert_int_equal(feed_stats(feed).beginning_bytes, 0);
	make_beginning(feed, "<new>", SECOND);
	read_all(&r, 8);
	assert_string_equal(strbuf_str(&r.text),
			    "<one>event: skipped\ndata: {\"lines\":10}\n\n<new>");
	end_reading(&r);
	feed_free(feed);
}

static void test_feed_shares_a_fresh_beginning(void **state)
{
	struct feed *feed = feed_new(1000, 3, -1);
	struct reader a, b, c, d;

	assert_true(begin_reading(&a, feed));
	read_all(&a, 8);
	make_beginning(feed, "<a>", SECOND);
	read_all(&a, 8);
	put(feed, "x");
	assert_true(begin_reading(&b, feed));
	assert_false(feed_wants_beginning(feed, 2 * SECOND));
	assert_int_equal(read_all(&b, 8), -EAGAIN);
	assert_string_equal(strbuf_str(&b.text), "<a>x");
	assert_true(begin_reading(&c, feed));
	assert_false(begin_reading(&d, feed)); /* too many */
	assert_true(feed_wants_beginning(feed, 4 * SECOND));
	end_reading(&b);
	assert_true(begin_reading(&d, feed));
	end_reading(&a);
	end_reading(&c);
	end_reading(&d);
	assert_int_equal(feed_stats(feed).viewers, 0);
	assert_int_equal(feed_stats(feed).ring_bytes, 0);
	make_beginning(feed, "<unread>", SECOND);
	assert_int_equal(feed_stats(feed).beginning_bytes, 0);
	feed_free(feed);
}

/* --- over HTTP -------------------------------------------------------------------------------- */

struct live_server {
	struct fixture f;
	struct source_ops ops;
	struct host *host;
	struct sink *sink;
};

/* set_aside: of the source; NULL: it has no limit. */
static void serve_within(struct live_server *s,
			 uint64_t (*set_aside)(struct source *source, uint64_t max))
{
	struct prometheus_opts opts = { .listen = "127.0.0.1:0",
					.naming = naming_usual,
					.page = true };
	struct err err = { 0 };

	fixture_init(&s->f);
	s->ops = *s->f.fake.source.ops;
	s->ops.set_aside = set_aside;
	s->f.fake.source.ops = &s->ops;
	s->sink = sink_prometheus_new(&opts);
	s->host = host_up_plain(&s->f, s->sink, &err);
	if (!s->host)
		fail_msg("%s", err.msg);
}

static void serve(struct live_server *s)
{
	serve_within(s, NULL);
}

static void leave(struct live_server *s)
{
	assert_int_equal(host_stop(s->host, 30000, NULL, NULL), 0);
	host_free(s->host);
	fixture_release(&s->f);
}

/* Without chunks: HTTP/1.0. */
static int watch(const struct live_server *s, const char *host)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(sink_prometheus_port(s->sink)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	_cleanup_free_ char *text =
		xasprintf("GET /live/events HTTP/1.0\r\nHost: %s\r\n\r\n", host);
	const struct timeval patience = { .tv_sec = 30 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

/* Reads until the text is there. */
static void read_until(int fd, struct strbuf *sb, const char *wanted)
{
	char piece[4096];

	while (!strstr(strbuf_str(sb), wanted)) {
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n <= 0)
			fail_msg("no '%s' before the end or the timeout: %s", wanted,
				 strbuf_str(sb));
		strbuf_add(sb, piece, (size_t)n);
	}
}

/* What -o json prints for the same. */
static char *as_json(struct fixture *f, const struct record *record, bool rows)
{
	struct sink *json = sink_json_new(f->fd);
	char *text;

	assert_int_equal(ftruncate(f->fd, 0), 0);
	lseek(f->fd, 0, SEEK_SET);
	open_sink(f, json);
	if (record)
		assert_int_equal(give_event(f, json, record), 0);
	if (rows)
		assert_int_equal(give_rows(f, json, MAP_CONNS), 0);
	json->ops->flush(json);
	json->ops->free(json);
	text = written(f);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void put_event(struct live_server *s, const struct record *record)
{
	assert_true(queue_put(s->f.fake.queue, record));
	queue_publish(s->f.fake.queue);
}

static void test_live_gives_lines_of_json(void **state)
{
	struct connlat event = a_connlat();
	struct strbuf text = STRBUF_INIT(ROOM);
	_cleanup_free_ char *line = NULL, *row = NULL, *wanted = NULL;
	struct live_server s;
	struct record record;
	int fd;

	serve(&s);
	record = record_of(&s.f, MAP_EVENTS, &event);
	/* One record before there is a viewer, one after. */
	put_event(&s, &record);
	put_conns(&s.f, 42, 0);
	host_tick(s.host, &s.f.fake.source);
	fd = watch(&s, "localhost");
	line = as_json(&s.f, &record, false);
	wanted = xasprintf("\ndata: %s\n", line);
	read_until(fd, &text, "event: begun\n");
	assert_non_null(strstr(strbuf_str(&text), "\r\nContent-Type: text/event-stream\r\n"));
	read_until(fd, &text, wanted); /* in the beginning, or after it */
	assert_non_null(strstr(strbuf_str(&text),
			       "\"kind\":\"counter\",\"key\":{\"daddr_v4\":\"10.0.0.1\"},"
			       "\"value\":42}\n"));
	strbuf_reset(&text);
	put_event(&s, &record);
	read_until(fd, &text, wanted);
	strbuf_reset(&text);
	put_conns(&s.f, 43, 0);
	host_tick(s.host, &s.f.fake.source);
	row = as_json(&s.f, NULL, true);
	read_until(fd, &text, strstr(row, "\"map\":")); /* the times differ */
	close(fd);
	strbuf_release(&text);
	leave(&s);
}

/* Lines that wait for one viewer do not go into the beginning that is made for another one. */
static void test_live_another_viewer_takes_nothing_away(void **state)
{
	struct connlat event = a_connlat();
	struct strbuf text = STRBUF_INIT(ROOM), other = STRBUF_INIT(ROOM);
	struct live_server s;
	struct record record;
	int fd, second;

	serve(&s);
	record = record_of(&s.f, MAP_EVENTS, &event);
	fd = watch(&s, "localhost");
	read_until(fd, &text, "event: begun\n");
	usleep(2100000); /* then the next viewer does not share this beginning */
	/* Lines right after an event wait for the next event. */
	event.delta_us = 99;
	put_event(&s, &record);
	read_until(fd, &text, "\"delta_us\":99,");
	for (event.delta_us = 100; event.delta_us < 150; event.delta_us++)
		put_event(&s, &record);
	second = watch(&s, "localhost");
	read_until(second, &other, "event: begun\n");
	put_event(&s, &record);
	read_until(fd, &text, "\"delta_us\":150,");
	read_until(second, &other, "\"delta_us\":150,");
	for (unsigned us = 100; us < 150; us++) {
		char wanted[32];

		snprintf(wanted, sizeof(wanted), "\"delta_us\":%u,", us);
		assert_non_null(strstr(strbuf_str(&text), wanted));
		assert_non_null(strstr(strbuf_str(&other), wanted));
	}
	close(fd);
	close(second);
	strbuf_release(&text);
	strbuf_release(&other);
	leave(&s);
}

/* The description of the program fills the beginning. */
static uint64_t set_little_aside(struct source *source, uint64_t max)
{
	return MIN(max, 300);
}

/* A beginning has only as many rows as its room allows, and says how many it omits. */
static void test_live_cuts_a_beginning(void **state)
{
	struct strbuf text = STRBUF_INIT(ROOM);
	_cleanup_free_ char *wanted = NULL;
	struct live_server s;
	int fd;

	serve_within(&s, set_little_aside);
	put_conns(&s.f, 42, 43);
	wanted = xasprintf("event: cut\ndata: {\"program\":\"%s\",\"map\":\"%s\",\"rows\":2}\n",
			   s.f.fake.source.program, s.f.plan.maps[MAP_CONNS].name);
	fd = watch(&s, "localhost");
	read_until(fd, &text, wanted);
	assert_null(strstr(strbuf_str(&text), "10.0.0."));
	close(fd);
	strbuf_release(&text);
	leave(&s);
}

static void test_live_is_bounded_and_guarded(void **state)
{
	struct strbuf text = STRBUF_INIT(ROOM);
	int fds[LIVE_VIEWERS], fd;
	struct live_server s;

	serve(&s);
	fd = watch(&s, "evil.example");
	read_until(fd, &text, " 403 ");
	close(fd);
	for (unsigned i = 0; i < LIVE_VIEWERS; i++) {
		fds[i] = watch(&s, "localhost");
		strbuf_reset(&text);
		read_until(fds[i], &text, "event: begun\n");
	}
	fd = watch(&s, "localhost");
	strbuf_reset(&text);
	read_until(fd, &text, "too many viewers\n");
	assert_non_null(strstr(strbuf_str(&text), " 503 "));
	close(fd);
	strbuf_release(&text);
	leave(&s); /* with viewers that are connected */
	for (unsigned i = 0; i < LIVE_VIEWERS; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feed_gives_a_beginning_and_what_follows),
		cmocka_unit_test(test_feed_skips_the_slow_one_alone),
		cmocka_unit_test(test_feed_gives_up_an_old_beginning),
		cmocka_unit_test(test_feed_shares_a_fresh_beginning),
		cmocka_unit_test(test_live_gives_lines_of_json),
		cmocka_unit_test(test_live_another_viewer_takes_nothing_away),
		cmocka_unit_test(test_live_cuts_a_beginning),
		cmocka_unit_test(test_live_is_bounded_and_guarded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
