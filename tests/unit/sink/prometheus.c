// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden.h"
#include "tests/support/sink_fixture.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "runner/sink/prometheus/expo.h"
#include "base/net/listen.h"

#define RESPONSE_MAX (64u << 20)

/* A server on a free port of this host. */
static struct sink *serve(struct fixture *f, bool compat, struct host **ret_host)
{
	struct prometheus_opts opts = { .listen = "127.0.0.1:0", .naming = naming_usual };
	struct err err = { 0 };
	struct sink *sink;

	f->figures = opts.figures = fixture_figures(f, false);
	opts.naming.bee = compat;
	sink = sink_prometheus_new(&opts);
	*ret_host = host_up_plain(f, sink, &err);
	if (!*ret_host)
		fail_msg("%s", err.msg);
	assert_true(sink_prometheus_port(sink) > 0);
	return sink;
}

static void stop(struct fixture *f, struct host *host)
{
	assert_int_equal(host_stop(host, 30000, NULL, NULL), 0);
	host_free(host);
	fixture_release(f);
}

static int connect_to(const struct sink *sink)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(sink_prometheus_port(sink)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* The whole response, headers and all; the caller frees. */
static char *request(const struct sink *sink, const char *method, const char *path)
{
	_cleanup_free_ char *head =
		xasprintf("%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n%s",
			  method, path, streq(method, "POST") ? "Content-Length: 4\r\n" : "",
			  streq(method, "POST") ? "body" : "");
	void *text;
	int fd = connect_to(sink);

	assert_int_equal(write(fd, head, strlen(head)), (ssize_t)strlen(head));
	assert_int_equal(read_fd(fd, "response", RESPONSE_MAX, &text, NULL, NULL), 0);
	close(fd);
	return text;
}

/* The body of a chunked or plain response, in place. */
static char *body_of(char *response)
{
	char *body = strstr(response, "\r\n\r\n"), *from, *to;
	bool chunked = strstr(response, "Transfer-Encoding: chunked") != NULL;
	size_t size;

	assert_non_null(body);
	from = body += 4;
	if (!chunked)
		return body;
	for (to = body;; to += size) {
		char *line_end;

		size = strtoul(from, &line_end, 16);
		assert_memory_equal(line_end, "\r\n", 2);
		memmove(to, line_end + 2, size);
		from = line_end + 2 + size;
		assert_memory_equal(from, "\r\n", 2);
		from += 2;
		if (!size)
			break;
	}
	*to = '\0';
	return body;
}

static char *metrics(const struct sink *sink)
{
	char *response = request(sink, "GET", "/metrics"), *body;

	assert_non_null(strstr(response, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(
		strstr(response, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	body = xstrdup(body_of(response));
	free(response);
	return body;
}

/* The version changes with each release, and what the process takes each time; golden files do
 * not. */
static void hide_version(char *text)
{
	char *volatiles = strstr(text, "# HELP bombus_scrapes_total ");
	char *at = strstr(text, "version=\"" BOMBUS_VERSION "\"");
	size_t len = strlen(BOMBUS_VERSION);

	assert_non_null(at);
	at += strlen("version=\"");
	*at = 'V';
	for (char *memory = text; (memory = strstr(memory, "bombus_series_memory_bytes{"));) {
		memory = strchr(memory, ' ') + 1;
		memset(memory, 'M', strcspn(memory, "\n"));
	}
	if (volatiles)
		*volatiles = '\0';
	memmove(at + 1, at + len, strlen(at + len) + 1);
}

/* It reads standard input. */
static void check_with_promtool(const char *text)
{
	const char *tool = getenv("PROMTOOL");
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[0], 0);
		dup2(2, 1);
		execlp(tool ? tool : "promtool", "promtool", "check", "metrics", NULL);
		_exit(127);
	}
	close(fds[0]);
	for (size_t n = strlen(text); n;) {
		ssize_t w = write(fds[1], text, n);

		assert_true(w > 0);
		text += w;
		n -= w;
	}
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void fill(struct fixture *f)
{
	sweep_begin(f, MAP_CONNS);
	put_conn(f, 1, 42);
	put_conn(f, 2, UINT64_MAX);
	sweep_end(f, MAP_CONNS);
	sweep_begin(f, MAP_HTTP);
	put_http(f, 443, 1000, -5);
	put_http(f, 80, 1, 5);
	sweep_end(f, MAP_HTTP);
	for (uint64_t us = 0; us < 8; us++)
		observe(f, "vda", us);
	observe(f, "vda", 1220);
	observe(f, "q\"\\\n\x1b\xff", 1);
	f->fake.stats[MAP_EVENTS] = (struct map_stats){ .read = 100,
							.filtered = 3,
							.malformed = 2,
							.lost = 1,
							.lost_known = true,
							.dropped = 4 };
	f->fake.stats[MAP_CONNS] =
		(struct map_stats){ .read = 2, .sweeps = 1, .sweep_ns = 1500000, .entries = 2 };
}

static void test_prometheus_golden(void **state)
{
	struct host *host;
	struct fixture f;
	struct sink *sink;
	char *text;

	fixture_init(&f);
	fill(&f);
	sink = serve(&f, false, &host);
	text = metrics(sink);
	hide_version(text);
	assert_golden("sink_prometheus.txt", text);
	free(text);
	stop(&f, host);
}

static void test_prometheus_pleases_promtool(void **state)
{
	struct host *host;
	struct fixture f;
	struct sink *sink;
	char *text;

	if (system("command -v \"${PROMTOOL:-promtool}\" >/dev/null 2>&1") != 0) {
		print_message("# promtool is not installed (package prometheus)\n");
		skip();
	}
	fixture_init(&f);
	fill(&f);
	sweep_begin(&f, MAP_HTTP);
	for (uint32_t i = 0; i < 9000; i++)
		put_http(&f, i, i, i);
	sweep_end(&f, MAP_HTTP);
	sink = serve(&f, false, &host);
	text = metrics(sink);
	check_with_promtool(text);
	free(text);
	stop(&f, host);
}

static void test_prometheus_golden_compat(void **state)
{
	struct connlat event = a_connlat();
	struct host *host;
	struct record record;
	struct fixture f;
	struct sink *sink;
	uint8_t key[64];
	char *text;

	fixture_init(&f);
	fill(&f);
	/* The events as a counter, every member a label: what the other tool shows. */
	f.maps[MAP_EVENTS].role = ROLE_COUNTER;
	f.maps[MAP_EVENTS].exported = true;
	assert_int_equal(metric_compile(&f.metrics[MAP_EVENTS], &f.maps[MAP_EVENTS], NULL, NULL),
			 0);
	f.fake.series[MAP_EVENTS] = series_new(&f.metrics[MAP_EVENTS], NULL);
	record = record_of(&f, MAP_EVENTS, &event);
	metric_key(&f.metrics[MAP_EVENTS], &record, key);
	metric_event(&f.metrics[MAP_EVENTS], &record,
		     series_touch(f.fake.series[MAP_EVENTS], key, 1));
	sink = serve(&f, true, &host);
	text = metrics(sink);
	assert_non_null(strstr(text,
			       "# HELP ebpf_solo_io_events \n# TYPE ebpf_solo_io_events counter\n"
			       "ebpf_solo_io_events{af=\"2\",comm=\"telnet\",daddr_v4=\"8.8.8.8\","
			       "delta_us=\"1220\",saddr_v4=\"10.0.0.1\",tgid=\"15173\","
			       "ts_us=\"5149693413\"} 1\n"));
	hide_version(text);
	assert_golden("sink_prometheus_compat.txt", text);
	free(text);
	stop(&f, host);
}

static void expect(const struct sink *sink, const char *method, const char *path,
		   const char *status, const char *part)
{
	char *response = request(sink, method, path);

	if (!has_prefix(response, status) || !strstr(response, part))
		fail_msg("%s %s: expected '%s' and '%s', got: %s", method, path, status, part,
			 response);
	free(response);
}

static void test_prometheus_pages(void **state)
{
	struct prog_plan progs[2] = { { .name = "a", .job = "a", .type = "kprobe" },
				      { .name = "b", .job = "b", .type = "xdp" } };
	struct host *host;
	struct fixture f;
	struct sink *sink;
	char *response;

	fixture_init(&f);
	f.plan.progs = progs;
	f.plan.nprogs = 2;
	f.fake.progs[0].state = PROG_LOADED;
	f.maps[MAP_CONNS].help = "<script>alert(1)</script>";
	sink = serve(&f, false, &host);
	expect(sink, "GET", "/", "HTTP/1.1 200 ", "<h2>fixture</h2>");
	expect(sink, "GET", "/", "HTTP/1.1 200 ", "&lt;script&gt;alert(1)");
	expect(sink, "GET", "/-/healthy", "HTTP/1.1 200 ", "healthy");
	expect(sink, "GET", "/-/ready", "HTTP/1.1 503 ", "not ready");
	f.fake.progs[0].state = PROG_ATTACHED;
	expect(sink, "GET", "/-/ready", "HTTP/1.1 503 ", "not ready");
	f.fake.progs[1].state = PROG_OFF;
	expect(sink, "GET", "/-/ready", "HTTP/1.1 200 ", "ready");
	expect(sink, "GET", "/nothing", "HTTP/1.1 404 ", "metrics are at /metrics");
	expect(sink, "GET", "/metrics/", "HTTP/1.1 404 ", "metrics are at /metrics");
	expect(sink, "GET", "/metrics?x=1", "HTTP/1.1 200 ", "bombus_build_info");
	expect(sink, "POST", "/metrics", "HTTP/1.1 405 ", "Allow: GET, HEAD");
	expect(sink, "DELETE", "/", "HTTP/1.1 405 ", "Allow: GET, HEAD");
	response = request(sink, "HEAD", "/metrics");
	assert_non_null(strstr(response, "HTTP/1.1 200 "));
	assert_non_null(strstr(response, "Content-Type: text/plain; version=0.0.4"));
	assert_null(strstr(response, "bombus_build_info"));
	free(response);
	stop(&f, host);
}

/* More series than a block, more text than a chunk: one group a family, each series once. */
static void test_prometheus_many_series(void **state)
{
	struct host *host;
	struct fixture f;
	struct sink *sink;
	char *text, *save = NULL, *line, last[64] = "";
	uint32_t samples = 0, changes = 0;
	bool *seen = xcalloc(65536, sizeof(bool));

	fixture_init(&f);
	sweep_begin(&f, MAP_HTTP);
	for (uint32_t i = 0; i < 9000; i++)
		put_http(&f, i, i, i);
	sweep_end(&f, MAP_HTTP);
	sink = serve(&f, false, &host);
	text = metrics(sink);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char name[64];
		unsigned port, value;

		if (line[0] == '#' || !has_prefix(line, "ebpf_http"))
			continue;
		assert_int_equal(sscanf(line, "%63[^{]{src_addr=\"10.0.0.9\",src_port=\"%u\"} %u",
					name, &port, &value),
				 3);
		assert_int_equal(port, value);
		changes += !streq(name, last);
		snprintf(last, sizeof(last), "%s", name);
		samples++;
		if (strstr(name, "bytes")) {
			assert_false(seen[port]);
			seen[port] = true;
		}
	}
	assert_int_equal(samples, 18000);
	assert_int_equal(changes, 2);
	free(seen);
	free(text);
	stop(&f, host);
}

static void test_prometheus_overflow(void **state)
{
	struct host *host;
	struct fixture f;
	struct sink *sink;
	char *text;

	fixture_init_max(&f, 1);
	observe(&f, "vda", 1);
	observe(&f, "vdb", 1);
	observe(&f, "vdc", 1);
	sink = serve(&f, false, &host);
	text = metrics(sink);
	assert_non_null(strstr(text, "_count{disk=\"__overflow__\"} 2\n"));
	assert_non_null(strstr(text, "bombus_series{program=\"fixture\",map=\"lat\"} 1\n"));
	assert_non_null(strstr(
		text, "bombus_series_overflowed_total{program=\"fixture\",map=\"lat\"} 2\n"));
	free(text);
	stop(&f, host);
}

/* What is gone is not exported any more, though the live views still show it once. */
static void test_prometheus_leaves_gone_series_out(void **state)
{
	struct host *host;
	struct fixture f;
	struct sink *sink;
	char *text;

	fixture_init(&f);
	fill_conns_with_one_gone(&f);
	sink = serve(&f, false, &host);
	text = metrics(sink);
	assert_non_null(strstr(text, "ebpf_conns_total{daddr_v4=\"10.0.0.1\"} 1\n"));
	assert_null(strstr(text, "10.0.0.2"));
	assert_non_null(
		strstr(text, "bombus_series_expired_total{program=\"fixture\",map=\"conns\"} 1\n"));
	free(text);
	stop(&f, host);
}

/* Clients that connect and say nothing, or leave in the middle, do no harm. */
static void test_prometheus_rude_clients(void **state)
{
	const char half[] = "GET /metrics HT";
	const char whole[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct host *host;
	struct fixture f;
	struct sink *sink;
	int fds[10];
	char *text;

	fixture_init(&f);
	sweep_begin(&f, MAP_HTTP);
	for (uint32_t i = 0; i < 9000; i++)
		put_http(&f, i, i, i);
	sweep_end(&f, MAP_HTTP);
	sink = serve(&f, false, &host);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = connect_to(sink);
		if (i % 3 == 1)
			assert_true(write(fds[i], half, strlen(half)) > 0);
		if (i % 3 == 2)
			assert_true(write(fds[i], whole, strlen(whole)) > 0);
	}
	text = metrics(sink);
	assert_non_null(strstr(text, "bombus_build_info"));
	free(text);
	for (size_t i = 0; i < ARRAY_LEN(fds); i += 2)
		close(fds[i]);
	text = metrics(sink);
	assert_non_null(strstr(text, "bombus_build_info"));
	free(text);
	stop(&f, host); /* with connections open */
	for (size_t i = 1; i < ARRAY_LEN(fds); i += 2)
		close(fds[i]);
}

static void test_prometheus_listen_forms(void **state)
{
	static const char *const good[] = { "127.0.0.1:0", ":0", "0", "localhost:0" };
	static const char *const bad[] = { "",		 ":",		"127.0.0.1",
					   "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
					   "::1:0",	 "[::1]",	"[::1:0",
					   "[::1]0",	 "1:2:3",	"127.0.0.1:-1" };
	struct err err = { 0 };
	uint16_t port, again;
	int fd, second;
	char text[32];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		fd = listen_tcp(good[i], &port, &err);
		if (fd < 0)
			fail_msg("%s: %s", good[i], err.msg);
		assert_true(port != 0);
		snprintf(text, sizeof(text), "127.0.0.1:%u", port);
		second = listen_tcp(text, &again, &err);
		assert_int_equal(second, -EADDRINUSE);
		assert_non_null(strstr(err.hint, "another program has this port"));
		err = (struct err){ 0 };
		close(fd);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		err = (struct err){ 0 };
		assert_int_equal(listen_tcp(bad[i], &port, &err), -EINVAL);
		assert_int_equal(err.exit, EXIT_USAGE);
	}
}

static void test_prometheus_listen_ipv6(void **state)
{
	struct err err = { 0 };
	uint16_t port;
	int fd = listen_tcp("[::1]:0", &port, &err);

	if (fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT) {
		print_message("# this host has no IPv6\n");
		skip();
	}
	assert_true(fd >= 0);
	close(fd);
}

static void test_expo_scaled_is_rounded_once(void **state)
{
	assert_true(expo_scaled(1220, 1e-6) == 0.00122);
	assert_true(expo_scaled(1, 1e-9) == 1e-9);
	assert_true(expo_scaled(3, 1e-3) == 0.003);
	assert_true(expo_scaled(3, 1024) == 3072);
	assert_true(expo_scaled(123456789012345, 1e-9) == 123456.789012345);
}

static void test_expo_text_escapes(void **state)
{
	const struct expo_family family = { "m", "back\\slash\nline", "", METRIC_GAUGE };
	struct strbuf set = STRBUF_INIT(4096);
	const struct expo_label label = { "l", "a\\b\"c\nd\te\xff\xc3\xbc\xc2\x85", 14 };
	const struct expo_number nan = { CELL_DOUBLE, { .d = __builtin_nan("") }, 1 };
	const struct expo_number inf = { CELL_DOUBLE, { .d = -__builtin_inf() }, 1e-3 };
	struct strbuf sb = STRBUF_INIT(4096);

	expo_text.family(&sb, &family);
	expo_text.labels(&set, &label, 1);
	expo_text.number(&sb, &family, (struct expo_set){ set.buf, set.len }, &nan);
	expo_text.number(&sb, &family, (struct expo_set){ 0 }, &inf);
	strbuf_release(&set);
	assert_string_equal(
		strbuf_str(&sb),
		"# HELP m back\\\\slash\\nline\n# TYPE m gauge\n"
		"m{l=\"a\\\\b\\\"c\\nd\\\\x09e\\\\xff\xc3\xbc\\\\xc2\\\\x85\"} NaN\nm -Inf\n");
	strbuf_release(&sb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prometheus_golden),
		cmocka_unit_test(test_prometheus_pleases_promtool),
		cmocka_unit_test(test_prometheus_golden_compat),
		cmocka_unit_test(test_prometheus_pages),
		cmocka_unit_test(test_prometheus_many_series),
		cmocka_unit_test(test_prometheus_overflow),
		cmocka_unit_test(test_prometheus_leaves_gone_series_out),
		cmocka_unit_test(test_prometheus_rude_clients),
		cmocka_unit_test(test_prometheus_listen_forms),
		cmocka_unit_test(test_prometheus_listen_ipv6),
		cmocka_unit_test(test_expo_scaled_is_rounded_once),
		cmocka_unit_test(test_expo_text_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
