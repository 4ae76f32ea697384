// SPDX-License-Identifier: Apache-2.0
/* Series as DogStatsD's lines, as a socket of the test's own gets them. */
#include "tests/support/sink_fixture.h"

#include <math.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/num.h"
#include "runner/sink/dogstatsd/dogstatsd.h"
#include "runner/sink/dogstatsd/dogstatsd_line.h"
#include "runner/sink/dogstatsd/dogstatsd_series.h"

struct exporter {
	struct fixture f;
	struct dogstatsd_config config;
	struct dogstatsd_socket *socket;
	struct dogstatsd_packet *packet;
	struct dogstatsd_counts counts;
	struct dogstatsd_series *series;
	char dir[32], path[64], address[80];
	int fd;
};

static const char *no_variable(void *ctx, const char *name)
{
	return NULL;
}

static void listen_here(struct exporter *e, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, e->path, strlen(e->path));
	e->fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(e->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(e->fd, 4), 0);
}

static void leave_here(struct exporter *e)
{
	close(e->fd);
	unlink(e->path);
}

static void init(struct exporter *e, size_t max_bytes)
{
	struct dogstatsd_flags flags = { .cgroup_file = "/nonexistent" };
	struct err err = { 0 };

	memset(e, 0, sizeof(*e));
	fixture_init(&e->f);
	memcpy(e->dir, "/tmp/dogstatsd.XXXXXX", 22);
	assert_non_null(mkdtemp(e->dir));
	snprintf(e->path, sizeof(e->path), "%s/socket", e->dir);
	snprintf(e->address, sizeof(e->address), "unix://%s", e->path);
	flags.address = e->address;
	assert_int_equal(dogstatsd_config_read(&e->config, &flags, no_variable, NULL, &err), 0);
	assert_int_equal(dogstatsd_socket_new(&e->socket, &e->config, &err), 0);
	e->packet = dogstatsd_packet_new(e->socket, max_bytes ? max_bytes : e->config.max_bytes,
					 &e->counts);
	e->series = dogstatsd_series_new(&e->config, &naming_usual, &e->f.fake.source);
	listen_here(e, SOCK_DGRAM);
}

static void release(struct exporter *e)
{
	leave_here(e);
	rmdir(e->dir);
	dogstatsd_series_free(e->series);
	dogstatsd_packet_free(e->packet);
	dogstatsd_socket_free(e->socket);
	dogstatsd_config_release(&e->config);
	fixture_release(&e->f);
}

static void tell(struct exporter *e, uint64_t time_s)
{
	dogstatsd_socket_round(e->socket, now_mono_ns() + 50000000);
	dogstatsd_series_tell(e->series, e->packet, time_s);
}

/* The packets, with "---" between them. */
static void assert_told(struct exporter *e, const char *want)
{
	char text[65536];
	size_t len = 0;

	for (;;) {
		ssize_t n = recv(e->fd, text + len + 4, sizeof(text) - len - 5, 0);

		if (n < 0)
			break;
		if (len)
			memcpy(text + len, "\n---", 4);
		else
			memmove(text, text + 4, (size_t)n);
		len += (size_t)n + (len ? 4 : 0);
	}
	text[len] = '\0';
	for (char *p = text; (p = strstr(p, "\n---"));)
		p[0] = ' ', p += 4;
	assert_string_equal(text, want);
}

static void test_counters_are_deltas(void **state)
{
	struct exporter e;

	init(&e, 0);
	put_conns(&e.f, 7, 1ull << 63);
	tell(&e, 0);
	assert_told(&e, "ebpf_conns_total:7|c|#daddr_v4:10.0.0.1\n"
			"ebpf_conns_total:9223372036854775808|c|#daddr_v4:10.0.0.2");
	put_conns(&e.f, 9, 1ull << 63);
	tell(&e, 1795165200);
	assert_told(&e, "ebpf_conns_total:2|c|#daddr_v4:10.0.0.1|T1795165200");
	tell(&e, 0);
	assert_told(&e, "");
	put_conns(&e.f, 3, 0); /* it began anew */
	tell(&e, 0);
	assert_told(&e, "ebpf_conns_total:3|c|#daddr_v4:10.0.0.1");
	release(&e);
}

static void test_what_was_not_sent_comes_later(void **state)
{
	struct exporter e;

	init(&e, 0);
	put_conns(&e.f, 7, 0);
	leave_here(&e);
	tell(&e, 0);
	put_conns(&e.f, 9, 0);
	tell(&e, 0);
	assert_int_equal(e.counts.dropped[DOGSTATSD_ABSENT], 2);
	assert_int_equal(e.counts.lines, 0);
	listen_here(&e, SOCK_DGRAM);
	tell(&e, 0);
	assert_told(&e, "ebpf_conns_total:9|c|#daddr_v4:10.0.0.1");
	/* The server comes back under the same path. */
	leave_here(&e);
	put_conns(&e.f, 10, 0);
	tell(&e, 0);
	listen_here(&e, SOCK_DGRAM);
	tell(&e, 0);
	assert_told(&e, "ebpf_conns_total:1|c|#daddr_v4:10.0.0.1");
	release(&e);
}

static void test_gauges_and_histograms(void **state)
{
	struct exporter e;

	init(&e, 0);
	e.config.container[0] = '\0';
	for (int i = 0; i < 3; i++)
		observe(&e.f, "vd,|a", 1);
	observe(&e.f, "vd,|a", 3);
	observe(&e.f, "vd,|a", 5000);
	tell(&e, 0);
	assert_told(&e, "ebpf_lat_seconds:5e-07|d|@0.3333333333333333|#disk:vd\\x2c\\x7ca\n"
			"ebpf_lat_seconds:3.5e-06|d|#disk:vd\\x2c\\x7ca\n"
			"ebpf_lat_seconds:0.001498|d|#disk:vd\\x2c\\x7ca\n"
			"ebpf_lat_seconds.total:0.005006|c|#disk:vd\\x2c\\x7ca");
	observe(&e.f, "vd,|a", 1000);
	e.config.histogram_type = 'h';
	tell(&e, 0);
	assert_told(&e, "ebpf_lat_seconds:0.000503|h|#disk:vd\\x2c\\x7ca\n"
			"ebpf_lat_seconds.total:0.001|c|#disk:vd\\x2c\\x7ca");
	release(&e);
}

static void test_packets_have_a_limit(void **state)
{
	struct exporter e;

	init(&e, 78);
	put_conns(&e.f, 7, 8);
	tell(&e, 0);
	assert_told(&e, "ebpf_conns_total:7|c|#daddr_v4:10.0.0.1 ---"
			"ebpf_conns_total:8|c|#daddr_v4:10.0.0.2");
	assert_int_equal(e.counts.packets, 2);
	release(&e);
	init(&e, 20);
	put_conns(&e.f, 7, 0);
	tell(&e, 0);
	assert_told(&e, "");
	assert_int_equal(e.counts.dropped[DOGSTATSD_TOO_LARGE], 1);
	release(&e);
}

static void test_a_stream_has_lengths(void **state)
{
	const char *want = "ebpf_conns_total:7|c|#daddr_v4:10.0.0.1";
	char got[256];
	struct exporter e;
	int fd;

	init(&e, 0);
	leave_here(&e);
	listen_here(&e, SOCK_STREAM);
	put_conns(&e.f, 7, 0);
	tell(&e, 0);
	fd = accept(e.fd, NULL, NULL);
	assert_int_equal(read(fd, got, sizeof(got)), 4 + strlen(want));
	assert_int_equal(got[0], strlen(want));
	assert_memory_equal(got + 4, want, strlen(want));
	close(fd);
	release(&e);
}

/* A receiver cuts the inverse off, or rounds it: both give the count. */
static void test_rates_are_exact(void **state)
{
	uint64_t counted;

	for (uint64_t n = 2; n < 1ull << 31; n += n / 1000 + 1) {
		char text[NUM_DOUBLE_ROOM + 1] = { 0 };
		struct strbuf line = STRBUF_INIT(64);
		double rate = dogstatsd_rate(n, &counted), read;

		dogstatsd_add_cell(&line, (union cell){ .d = rate }, CELL_DOUBLE, 1);
		memcpy(text, line.buf, MIN(line.len, sizeof(text) - 1));
		read = strtod(text, NULL);
		strbuf_release(&line);
		assert_int_equal(counted, n);
		assert_int_equal((uint64_t)(1 / read), n);
		assert_int_equal(llround(1 / read), n);
	}
	/* More than one rate can say: in powers of two. */
	dogstatsd_rate(UINT64_MAX, &counted);
	assert_int_equal(counted, 1ull << 63);
}

static void test_values_are_in_their_buckets(void **state)
{
	static const uint64_t bounds[] = { 0, 1, 2, 4, 4, 8, 1000 };
	struct family family = { .type = METRIC_HISTOGRAM,
				 .bounds = bounds,
				 .nbounds = ARRAY_LEN(bounds) };

	for (uint32_t i = 0; i <= family.nbounds; i++) {
		double value = dogstatsd_bucket_value(&family, i, 1e-6);

		if (i < family.nbounds)
			assert_true(value <= (double)bounds[i] / 1e6);
		if (i && (i == family.nbounds || bounds[i] != bounds[i - 1]))
			assert_true(value > (double)bounds[i - 1] / 1e6);
	}
}

static const char *variable(void *ctx, const char *name)
{
	const char *const *pairs = ctx;

	for (; *pairs; pairs += 2)
		if (streq(pairs[0], name))
			return pairs[1];
	return NULL;
}

static void assert_target(const char *address, const char *const *pairs, const char *host,
			  const char *port, const char *path)
{
	const struct dogstatsd_flags flags = { .address = address };
	struct dogstatsd_config config = { 0 };
	struct err err = { 0 };

	if (dogstatsd_config_read(&config, &flags, variable, (void *)pairs, &err) < 0) {
		assert_null(host);
		assert_null(path);
		assert_int_equal(err.exit, EXIT_USAGE);
		return;
	}
	if (host) {
		assert_string_equal(config.host, host);
		assert_string_equal(config.port, port);
		assert_int_equal(config.max_bytes, 1432);
	} else {
		assert_non_null(path);
		assert_string_equal(config.path, path);
		assert_int_equal(config.max_bytes, 8192);
	}
	dogstatsd_config_release(&config);
}

static void test_addresses(void **state)
{
	const char *none[] = { NULL };
	const char *url[] = { "DD_DOGSTATSD_URL", "unix:///run/d", "DD_AGENT_HOST", "x", NULL };
	const char *host[] = { "DD_AGENT_HOST", "node", "DD_DOGSTATSD_PORT", "99", NULL };
	const char *bad[] = { "DD_DOGSTATSD_PORT", "0", NULL };

	assert_target("", none, "127.0.0.1", "8125", NULL);
	assert_target("", url, NULL, NULL, "/run/d");
	assert_target("", host, "node", "99", NULL);
	assert_target("", bad, NULL, NULL, NULL);
	assert_target("h:1", url, "h", "1", NULL);
	assert_target("8126", none, "127.0.0.1", "8126", NULL);
	assert_target("localhost", none, "127.0.0.1", "8125", NULL);
	assert_target("udp://[::1]:7", none, "::1", "7", NULL);
	assert_target("unixgram:///a", none, NULL, NULL, "/a");
	assert_target("unixstream:///a", none, NULL, NULL, "/a");
	assert_target("/a/b", none, NULL, NULL, "/a/b");
	assert_target("unix://a", none, NULL, NULL, NULL);
	assert_target("http://h/", none, NULL, NULL, NULL);
	assert_target("::1", none, NULL, NULL, NULL);
	assert_target("h:0", none, NULL, NULL, NULL);
	assert_target("h:65536", none, NULL, NULL, NULL);
	assert_target("[::1", none, NULL, NULL, NULL);
}

static void test_tags_of_all(void **state)
{
	const char *pairs[] = { "DD_TAGS",	"a:1 b:2,c", "DD_ENV",	   "prod",
				"DD_SERVICE",	"s",	     "DD_VERSION", "3",
				"DD_ENTITY_ID", "uid",	     NULL };
	const char *const tags[] = { "team:x" }, *const bad[] = { "a|b" };
	struct dogstatsd_flags flags = { .address = "", .tags = tags, .ntags = 1 };
	struct dogstatsd_config config = { 0 };
	char path[] = "/tmp/cgroup.XXXXXX";
	const char *line =
		"0::/kubepods/pod1/cri-containerd-"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope\n";
	struct err err = { 0 };
	int fd = mkstemp(path);

	assert_int_equal(write_all(fd, line, strlen(line)), 0);
	close(fd);
	flags.cgroup_file = path;
	assert_int_equal(dogstatsd_config_read(&config, &flags, variable, pairs, &err), 0);
	assert_string_equal(config.tags, "team:x,a:1,b:2,c,env:prod,service:s,version:3,"
					 "dd.internal.entity_id:uid");
	assert_string_equal(config.container,
			    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	dogstatsd_config_release(&config);
	flags.tags = bad;
	assert_true(dogstatsd_config_read(&config, &flags, variable, pairs, &err) < 0);
	assert_int_equal(err.exit, EXIT_USAGE);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters_are_deltas),
		cmocka_unit_test(test_what_was_not_sent_comes_later),
		cmocka_unit_test(test_gauges_and_histograms),
		cmocka_unit_test(test_packets_have_a_limit),
		cmocka_unit_test(test_a_stream_has_lengths),
		cmocka_unit_test(test_rates_are_exact),
		cmocka_unit_test(test_values_are_in_their_buckets),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_tags_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
