// SPDX-License-Identifier: Apache-2.0
/* The server of pages: passwords, floods of them, and the Host header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/sink/web/web_auth.h"
#include "runner/sink/web/web_limit.h"
#include "runner/sink/web/web_server.h"

#define MS 1000000ull
/* Of the password "secret"; the second one takes a quarter of a second to check. */
#define FAST "$2b$04$QgMwuMGQqvuIrr/sDvzfr.482TKiweF79k0bqviJ06x3rrgAQEfCS"
#define SLOW "$2b$12$Hn4qwwsapzkX5th3dXbrXub3eann0fmoeKUSXRna9S6vOsHoAs.ku"
/* alice:secret, alice:wrong, carol:secret */
#define GOOD "Authorization: Basic YWxpY2U6c2VjcmV0\r\n"
#define WRONG "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n"
#define NO_USER "Authorization: Basic Y2Fyb2w6c2VjcmV0\r\n"
#define LOWER "Authorization: basic   YWxpY2U6c2VjcmV0\r\n"
/* Right, and a NUL and more behind it: no password has that. */
#define NUL_BEHIND "Authorization: Basic YWxpY2U6c2VjcmV0AHg=\r\n"

/* --- addresses -------------------------------------------------------------------------------- */

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage addr = { 0 };
	struct sockaddr_in6 *v6 = (void *)&addr;
	struct sockaddr_in *v4 = (void *)&addr;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		v4->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		v6->sin6_family = AF_INET6;
	else
		fail_msg("%s", text);
	return addr;
}

static bool take(struct web_limit *limit, const char *text, uint64_t now_ns)
{
	struct sockaddr_storage addr = address(text);

	return web_limit_take(limit, (struct sockaddr *)&addr, now_ns);
}

static void test_an_address_has_so_many_tries(void **state)
{
	struct web_limit *limit = web_limit_new();
	struct sockaddr_storage addr = address("10.0.0.1");
	uint64_t now = 5000000 * MS;

	for (int i = 0; i < WEB_LIMIT_TRIES; i++)
		assert_true(take(limit, "10.0.0.1", now));
	assert_false(take(limit, "10.0.0.1", now));
	assert_false(take(limit, "::ffff:10.0.0.1", now));
	assert_true(take(limit, "10.0.0.2", now));
	assert_false(take(limit, "10.0.0.1", now + WEB_LIMIT_NS - 1));
	assert_true(take(limit, "10.0.0.1", now + WEB_LIMIT_NS));
	assert_false(take(limit, "10.0.0.1", now + WEB_LIMIT_NS));
	/* A right password is no failure. */
	web_limit_give_back(limit, (struct sockaddr *)&addr);
	assert_true(take(limit, "10.0.0.1", now + WEB_LIMIT_NS));
	assert_false(take(limit, "10.0.0.1", now + WEB_LIMIT_NS));
	/* After a while all is forgotten. */
	now += 100 * WEB_LIMIT_NS;
	for (int i = 0; i < WEB_LIMIT_TRIES; i++)
		assert_true(take(limit, "10.0.0.1", now));
	assert_false(take(limit, "10.0.0.1", now));
	assert_true(web_limit_take(limit, NULL, now));
	web_limit_free(limit);
}

static void test_an_ipv6_network_is_one_address(void **state)
{
	struct web_limit *limit = web_limit_new();

	for (int i = 0; i < WEB_LIMIT_TRIES; i++) {
		_cleanup_free_ char *text = xasprintf("2001:db8:0:1::%x", i);

		assert_true(take(limit, text, 1));
	}
	assert_false(take(limit, "2001:db8:0:1:ffff::1", 1));
	assert_true(take(limit, "2001:db8:0:2::1", 1));
	web_limit_free(limit);
}

/* Many that try once do not push out one that tries often. */
static void test_many_addresses_are_bounded(void **state)
{
	struct web_limit *limit = web_limit_new();

	for (int i = 0; i < WEB_LIMIT_TRIES; i++)
		assert_true(take(limit, "10.0.0.1", 1));
	for (int i = 0; i < 5000; i++) {
		_cleanup_free_ char *text = xasprintf("10.1.%d.%d", i / 250, i % 250);

		assert_true(take(limit, text, 1));
	}
	assert_false(take(limit, "10.0.0.1", 1));
	web_limit_free(limit);
}

/* --- passwords -------------------------------------------------------------------------------- */

static void test_a_user_that_does_not_exist_costs_the_same(void **state)
{
	struct web_pair users[] = { { "alice", SLOW }, { "bob", SLOW } };
	const struct web_config config = { .users = users, .nusers = 2 };
	struct web_check check = { 0 }, again = { 0 };
	struct web_auth *auth;

	assert_int_equal(web_auth_new(&auth, &config, NULL), 0);
	assert_int_equal(web_auth_ask(auth, NULL, NULL, &check), WEB_DENIED);
	assert_int_equal(web_auth_ask(auth, "carol", "secret", &check), WEB_UNKNOWN);
	assert_false(check.is_user);
	assert_memory_equal(check.hash, "$2b$12$", 7);
	assert_int_equal(web_auth_ask(auth, "carol", "other", &again), WEB_UNKNOWN);
	assert_string_equal(check.hash, again.hash);
	assert_int_equal(web_auth_ask(auth, "alice", "secret", &check), WEB_UNKNOWN);
	assert_true(check.is_user);
	assert_string_equal(check.hash, SLOW);
	web_auth_learn(auth, &check);
	assert_int_equal(web_auth_ask(auth, "alice", "secret", &check), WEB_ALLOWED);
	assert_int_equal(web_auth_ask(auth, "alice", "secrets", &check), WEB_UNKNOWN);
	assert_int_equal(web_auth_ask(auth, "bob", "secret", &check), WEB_UNKNOWN);
	web_auth_free(auth);
}

/* --- the server ------------------------------------------------------------------------------- */

struct server {
	struct web_server *server;
	char config[64];
};

static int answer_hello(void *ctx, struct web_request *request)
{
	return web_send_text(request, 200, "hello\n");
}

static const struct web_page pages[] = { { "/", answer_hello } };

static void serve(struct server *s, const char *listen, const char *hash)
{
	struct web_opts opts = { .listen = listen, .pages = pages, .npages = 1 };
	struct err err = { 0 };

	snprintf(s->config, sizeof(s->config), "/tmp/bombus-web-XXXXXX");
	if (hash) {
		int fd = mkstemp(s->config);

		assert_true(fd >= 0);
		dprintf(fd, "basic_auth_users:\n  alice: %s\n", hash);
		close(fd);
		opts.config = s->config;
	}
	if (web_server_open(&s->server, &opts, &err) < 0 || web_server_start(s->server, &err) < 0)
		fail_msg("%s", err.msg);
}

static void leave(struct server *s)
{
	web_server_stop(s->server);
	web_server_free(s->server);
	unlink(s->config);
}

/* A connection with a request on its way. */
static int ask(struct server *s, const char *host, const char *headers)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(web_server_port(s->server)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	_cleanup_free_ char *text =
		xasprintf("GET / HTTP/1.1\r\n%s%s%s%sConnection: close\r\n\r\n",
			  host ? "Host: " : "", host ? host : "", host ? "\r\n" : "", headers);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

/* The answer's status; its text where it is wanted. */
static int status_of(int fd, char **ret_text)
{
	int status = 0;
	void *text;

	assert_int_equal(read_fd(fd, "answer", 1 << 20, &text, NULL, NULL), 0);
	close(fd);
	sscanf(text, "HTTP/1.1 %d", &status);
	if (ret_text)
		*ret_text = text;
	else
		free(text);
	return status;
}

static int get(struct server *s, const char *host, const char *headers)
{
	return status_of(ask(s, host, headers), NULL);
}

static void test_passwords(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct server s;

	serve(&s, "127.0.0.1:0", FAST);
	assert_int_equal(status_of(ask(&s, "localhost", ""), &text), 401);
	assert_non_null(strstr(text, "WWW-Authenticate: Basic realm=\"bombus\""));
	assert_non_null(strstr(text, "\r\n\r\nauthentication required\n"));
	assert_int_equal(get(&s, "localhost", GOOD), 200);
	assert_int_equal(get(&s, "localhost", GOOD), 200);
	assert_int_equal(get(&s, "localhost", WRONG), 401);
	assert_int_equal(get(&s, "localhost", NO_USER), 401);
	assert_int_equal(get(&s, "localhost", LOWER), 200);
	assert_int_equal(get(&s, "localhost", NUL_BEHIND), 401);
	assert_int_equal(get(&s, "localhost", "Authorization: Basic YWxpY2U=\r\n"), 401);
	assert_int_equal(get(&s, "localhost", "Authorization: Basic !\r\n"), 401);
	assert_int_equal(get(&s, "localhost", "Authorization: Bearer YWxpY2U6c2VjcmV0\r\n"), 401);
	leave(&s);
}

/* Wrong passwords neither hold up one that is known, nor are all of them hashed. */
static void test_a_flood_of_passwords(void **state)
{
	int fds[40], denied = 0, limited = 0;
	struct server s;
	uint64_t start;

	serve(&s, "127.0.0.1:0", SLOW);
	assert_int_equal(get(&s, "localhost", GOOD), 200);
	start = now_mono_ns();
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = ask(&s, "localhost", i % 2 ? WRONG : NO_USER);
	assert_int_equal(get(&s, "localhost", GOOD), 200);
	/* Ten checks take 2.5 seconds. */
	assert_true(now_mono_ns() - start < 1000 * MS);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		int status = status_of(fds[i], NULL);

		denied += status == 401;
		limited += status == 429;
	}
	assert_int_equal(denied + limited, ARRAY_LEN(fds));
	assert_true(denied >= WEB_LIMIT_TRIES && denied <= WEB_LIMIT_TRIES + 10);
	leave(&s);
}

/* Requests that wait for a check do not hold up the end. */
static void test_the_end_waits_for_one_check_at_most(void **state)
{
	struct server s;
	uint64_t start, one;
	int fds[8];

	serve(&s, "127.0.0.1:0", SLOW);
	/* Of this machine, as busy as it is. */
	start = now_mono_ns();
	assert_int_equal(get(&s, "localhost", WRONG), 401);
	one = now_mono_ns() - start;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = ask(&s, "localhost", WRONG);
	usleep(50000);
	start = now_mono_ns();
	leave(&s);
	assert_true(now_mono_ns() - start < 4 * one + 500 * MS);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

static void test_the_host_has_to_be_this_one(void **state)
{
	static const struct {
		const char *listen, *host;
		int status;
	} cases[] = {
		{ "127.0.0.1:0", "localhost", 200 },
		{ "127.0.0.1:0", "localhost:9091", 200 },
		{ "127.0.0.1:0", "127.0.0.1:9091", 200 },
		{ "127.0.0.1:0", "[::1]:9091", 200 },
		{ "127.0.0.1:0", "attacker.example", 403 },
		{ "127.0.0.1:0", "localhost.attacker.example:9091", 403 },
		{ "127.0.0.1:0", "10.0.0.1", 403 },
		{ "127.0.0.1:0", "localhost:80attacker.example", 403 },
		{ "127.0.0.1:0", "[::1].attacker.example", 403 },
		/* Other addresses have names that are not known here. */
		{ ":0", "node-7.example:9091", 200 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct server s;

		serve(&s, cases[i].listen, NULL);
		assert_int_equal(get(&s, cases[i].host, ""), cases[i].status);
		leave(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_address_has_so_many_tries),
		cmocka_unit_test(test_an_ipv6_network_is_one_address),
		cmocka_unit_test(test_many_addresses_are_bounded),
		cmocka_unit_test(test_a_user_that_does_not_exist_costs_the_same),
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_a_flood_of_passwords),
		cmocka_unit_test(test_the_end_waits_for_one_check_at_most),
		cmocka_unit_test(test_the_host_has_to_be_this_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
