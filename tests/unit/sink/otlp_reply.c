// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/util.h"
#include "runner/sink/otlp/otlp_reply.h"

struct answer {
	int status;
	const char *body;
	size_t len;
	const char *retry_after, *grpc_status, *grpc_message, *details, *location;
	int result;
};

static struct otlp_reply read_answer(const struct answer *a, enum otlp_protocol protocol)
{
	struct http_call call = { .result = a->result };
	struct http_response *r = &call.response;
	struct otlp_reply reply;

	http_call_reset(&call);
	call.result = a->result;
	r->status = a->status;
	r->retry_after = a->retry_after ? xstrdup(a->retry_after) : NULL;
	r->grpc_status = a->grpc_status ? xstrdup(a->grpc_status) : NULL;
	r->grpc_message = a->grpc_message ? xstrdup(a->grpc_message) : NULL;
	r->grpc_details = a->details ? xstrdup(a->details) : NULL;
	r->location = a->location ? xstrdup(a->location) : NULL;
	r->body.max = 65536;
	strbuf_add(&r->body, a->body, a->len);
	if (a->result)
		err_set(&call.err, -a->result, "it broke");
	otlp_reply_read(&reply, &call, protocol);
	http_call_release(&call);
	return reply;
}

static void test_reply_goes_by_the_status(void **state)
{
	static const struct {
		int status;
		enum otlp_verdict verdict;
	} cases[] = {
		{ 200, OTLP_SENT },	   { 202, OTLP_SENT },	      { 204, OTLP_SENT },
		{ 301, OTLP_REJECTED },	   { 400, OTLP_REJECTED },    { 401, OTLP_REJECTED },
		{ 404, OTLP_UNSUPPORTED }, { 405, OTLP_UNSUPPORTED }, { 408, OTLP_REJECTED },
		{ 413, OTLP_TOO_LARGE },   { 429, OTLP_AGAIN },	      { 500, OTLP_REJECTED },
		{ 501, OTLP_UNSUPPORTED }, { 502, OTLP_AGAIN },	      { 503, OTLP_AGAIN },
		{ 504, OTLP_AGAIN },	   { 505, OTLP_REJECTED },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct answer a = { .status = cases[i].status };

		assert_int_equal(read_answer(&a, OTLP_HTTP_PROTOBUF).verdict, cases[i].verdict);
		assert_int_equal(read_answer(&a, OTLP_HTTP_JSON).verdict, cases[i].verdict);
	}
}

static void test_reply_tells_what_was_said(void **state)
{
	const struct answer broken = { .result = -ECONNABORTED };
	const struct answer status = { 503,
				       "\x08\x0e\x12\x04"
				       "busy",
				       8, "17" };
	const struct answer json = { 400, "{\"code\":3,\"message\":\"no\"}", 25 };
	const struct answer noise = { 400, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11 };
	struct otlp_reply reply = read_answer(&broken, OTLP_GRPC);

	assert_int_equal(reply.verdict, OTLP_AGAIN);
	assert_string_equal(reply.message, "it broke");
	reply = read_answer(&status, OTLP_HTTP_PROTOBUF);
	assert_string_equal(reply.message, "HTTP 503: busy");
	assert_string_equal(reply.wait, "17");
	assert_string_equal(read_answer(&json, OTLP_HTTP_JSON).message, "HTTP 400: no");
	assert_string_equal(read_answer(&noise, OTLP_HTTP_PROTOBUF).message, "HTTP 400");
	assert_string_equal(read_answer(&noise, OTLP_HTTP_JSON).message, "HTTP 400");
}

#define TEXT(bytes) bytes, sizeof(bytes) - 1
static void test_reply_counts_what_was_not_wanted(void **state)
{
	static const struct {
		enum otlp_protocol protocol;
		const char *body;
		size_t len;
		uint64_t rejected;
	} cases[] = {
		{ OTLP_HTTP_PROTOBUF, TEXT(""), 0 },
		{ OTLP_HTTP_PROTOBUF, TEXT("\x0a\x00"), 0 },
		{ OTLP_HTTP_PROTOBUF, TEXT("\x0a\x07\x08\xac\x02\x12\x02no"), 300 },
		/* Only a message: a warning. */
		{ OTLP_HTTP_PROTOBUF, TEXT("\x0a\x04\x12\x02no"), 0 },
		{ OTLP_HTTP_PROTOBUF, TEXT("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		  0 },
		{ OTLP_HTTP_PROTOBUF, TEXT("\x0a\x7f\x08\x05"), 0 },
		{ OTLP_HTTP_JSON, TEXT("{}"), 0 },
		{ OTLP_HTTP_JSON, TEXT("{\"partialSuccess\":{}}"), 0 },
		{ OTLP_HTTP_JSON, TEXT("{\"partialSuccess\":{\"rejectedSpans\":\"7\"}}"), 7 },
		{ OTLP_HTTP_JSON, TEXT("{\"partialSuccess\":{\"rejectedLogRecords\":7}}"), 7 },
		{ OTLP_HTTP_JSON, TEXT("{\"partialSuccess\":{\"rejectedDataPoints\":-7}}"), 0 },
		{ OTLP_HTTP_JSON, TEXT("{\"partialSuccess\":{\"rejectedSpans\":{}}}"), 0 },
		{ OTLP_HTTP_JSON, TEXT("not json"), 0 },
		{ OTLP_GRPC, TEXT("\0\0\0\0\x04\x0a\x02\x08\x09"), 9 },
		{ OTLP_GRPC, TEXT("\0\0\0\0"), 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct answer a = { .status = 200,
					  .body = cases[i].body,
					  .len = cases[i].len,
					  .grpc_status = "0" };
		struct otlp_reply reply = read_answer(&a, cases[i].protocol);

		assert_int_equal(reply.verdict, OTLP_SENT);
		assert_int_equal(reply.rejected, cases[i].rejected);
	}
}

/* google.rpc.Status with a RetryInfo of 3 s. */
#define RETRY_3 "CAgaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIAw"
static void test_reply_goes_by_grpc_status(void **state)
{
	static const struct {
		const char *status, *details;
		int http;
		enum otlp_verdict verdict;
	} cases[] = {
		{ "0", NULL, 200, OTLP_SENT },	     { "1", NULL, 200, OTLP_AGAIN },
		{ "2", NULL, 200, OTLP_REJECTED },   { "3", NULL, 200, OTLP_REJECTED },
		{ "4", NULL, 200, OTLP_AGAIN },	     { "7", NULL, 200, OTLP_REJECTED },
		{ "8", NULL, 200, OTLP_REJECTED },   { "8", "CAg", 200, OTLP_REJECTED },
		{ "8", RETRY_3, 200, OTLP_AGAIN },   { "10", NULL, 200, OTLP_AGAIN },
		{ "11", NULL, 200, OTLP_AGAIN },     { "12", NULL, 200, OTLP_UNSUPPORTED },
		{ "13", NULL, 200, OTLP_REJECTED },  { "14", NULL, 200, OTLP_AGAIN },
		{ "15", NULL, 200, OTLP_AGAIN },     { "16", NULL, 200, OTLP_REJECTED },
		{ NULL, NULL, 200, OTLP_REJECTED },  { "x", NULL, 200, OTLP_REJECTED },
		{ NULL, NULL, 503, OTLP_AGAIN },     { NULL, NULL, 404, OTLP_UNSUPPORTED },
		{ NULL, NULL, 413, OTLP_TOO_LARGE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct answer a = { .status = cases[i].http,
					  .grpc_status = cases[i].status,
					  .grpc_message = "why",
					  .details = cases[i].details };
		struct otlp_reply reply = read_answer(&a, OTLP_GRPC);

		assert_int_equal(reply.verdict, cases[i].verdict);
		if (cases[i].details && cases[i].verdict == OTLP_AGAIN)
			assert_string_equal(reply.wait, "3");
		if (cases[i].status && cases[i].verdict != OTLP_SENT && *cases[i].status != 'x')
			assert_non_null(strstr(reply.message, ": why"));
	}
}

/* Whatever it says, it is one text that ends. */
static void test_reply_decodes_grpc_message(void **state)
{
	static const struct {
		const char *encoded, *said;
	} cases[] = {
		{ "no%20such%3a%C3%A4", "grpc-status 5: no such:\xc3\xa4" },
		{ "100%", "grpc-status 5: 100%" },
		{ "%4", "grpc-status 5: %4" },
		{ "%zz%4g%00.", "grpc-status 5: %zz%4g ." },
		{ "", "grpc-status 5: " },
	};
	char large[1024];
	struct answer a = { .status = 200, .grpc_status = "5" };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		a.grpc_message = cases[i].encoded;
		assert_string_equal(read_answer(&a, OTLP_GRPC).message, cases[i].said);
	}
	memset(large, '%', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	a.grpc_message = large;
	assert_int_equal(strlen(read_answer(&a, OTLP_GRPC).message), 255);
}

static void test_reply_says_where_a_redirect_goes(void **state)
{
	const struct answer a = { .status = 301, .location = "https://there/v1/traces" };
	struct otlp_reply reply = read_answer(&a, OTLP_HTTP_PROTOBUF);

	assert_int_equal(reply.verdict, OTLP_REJECTED);
	assert_string_equal(reply.message, "HTTP 301 to https://there/v1/traces");
}

static void test_reply_moves_a_request(void **state)
{
	static const struct {
		int status;
		const char *location;
		enum otlp_verdict verdict;
		bool for_good;
	} cases[] = {
		{ 308, "/moved/v1/logs", OTLP_MOVED, true },
		{ 307, "http://there:4318/v1/logs", OTLP_MOVED, false },
		{ 302, "/moved", OTLP_REJECTED, false },
		{ 308, NULL, OTLP_REJECTED, false },
	};
	char large[1024];
	struct answer a = { .status = 308, .location = large };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct answer one = { .status = cases[i].status,
					    .location = cases[i].location };
		struct otlp_reply reply = read_answer(&one, OTLP_HTTP_PROTOBUF);

		assert_int_equal(reply.verdict, cases[i].verdict);
		assert_int_equal(reply.for_good, cases[i].for_good);
		if (reply.verdict == OTLP_MOVED)
			assert_string_equal(reply.location, cases[i].location);
	}
	memset(large, 'a', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_int_equal(read_answer(&a, OTLP_HTTP_PROTOBUF).verdict, OTLP_REJECTED);
}

/* A quota that is used up is no reason to send the same in many requests. */
static void test_reply_tells_size_from_quota(void **state)
{
	static const struct {
		const char *message;
		enum otlp_verdict verdict;
	} cases[] = {
		{ "grpc: received message larger than max (5242880 vs. 4194304)", OTLP_TOO_LARGE },
		{ "gRPC message exceeds maximum size 4194304: 5242880", OTLP_TOO_LARGE },
		{ "CLIENT: Sent message larger than max", OTLP_TOO_LARGE },
		{ "request%20too%20large", OTLP_TOO_LARGE },
		{ "quota exhausted", OTLP_REJECTED },
		{ "", OTLP_REJECTED },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct answer a = { .status = 200,
					  .grpc_status = "8",
					  .grpc_message = cases[i].message };

		assert_int_equal(read_answer(&a, OTLP_GRPC).verdict, cases[i].verdict);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply_goes_by_the_status),
		cmocka_unit_test(test_reply_tells_what_was_said),
		cmocka_unit_test(test_reply_counts_what_was_not_wanted),
		cmocka_unit_test(test_reply_goes_by_grpc_status),
		cmocka_unit_test(test_reply_decodes_grpc_message),
		cmocka_unit_test(test_reply_says_where_a_redirect_goes),
		cmocka_unit_test(test_reply_moves_a_request),
		cmocka_unit_test(test_reply_tells_size_from_quota),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
