// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <jansson.h>
#include "base/base64.h"
#include "base/parse.h"
#include "base/proto_read.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_reply.h"

#define GRPC_HEAD 5
#define DETAILS_MAX_BYTES 8192

enum grpc_status {
	GRPC_OK,
	GRPC_CANCELLED,
	GRPC_DEADLINE_EXCEEDED = 4,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_ABORTED = 10,
	GRPC_OUT_OF_RANGE,
	GRPC_UNIMPLEMENTED,
	GRPC_UNAVAILABLE = 14,
	GRPC_DATA_LOSS,
};

/* --- messages of receivers
 * ---------------------------------------------------------------------------- */

/* For a log's line: short. Control characters are escaped where it is printed. */
static void say(struct otlp_reply *reply, const void *text, size_t len)
{
	snprintf(reply->message, sizeof(reply->message), "%.*s",
		 (int)MIN(len, sizeof(reply->message) - 1), (const char *)text);
}

/* ExportXServiceResponse: partial_success 1 { rejected 1, error_message 2 }. */
static void read_partial(struct otlp_reply *reply, struct bytes body)
{
	struct proto_field outer, inner;

	while (proto_take(&body, &outer)) {
		while (outer.number == 1 && proto_take(&outer.bytes, &inner)) {
			if (inner.number == 1 && (int64_t)inner.value > 0)
				reply->rejected = inner.value;
			else if (inner.number == 2)
				say(reply, inner.bytes.ptr, inner.bytes.len);
		}
	}
}

static uint64_t json_count(const json_t *value)
{
	uint64_t count = 0;

	if (json_is_integer(value) && json_integer_value(value) > 0)
		count = (uint64_t)json_integer_value(value);
	else if (json_is_string(value) && parse_u64(json_string_value(value), &count) < 0)
		count = 0;
	return count;
}

/* {"partialSuccess": {"rejectedSpans": "1", "errorMessage": ""}}, or a Status' "message". */
static void read_json(struct otlp_reply *reply, const struct strbuf *body)
{
	json_t *root = json_loadb(strbuf_str(body), body->len, JSON_REJECT_DUPLICATES, NULL);
	json_t *partial = json_object_get(root, "partialSuccess"), *value;
	const char *text = json_string_value(json_object_get(root, "message")), *key;

	json_object_foreach(partial, key, value)
	{
		if (has_prefix(key, "rejected"))
			reply->rejected = json_count(value);
		else if (streq(key, "errorMessage"))
			text = json_string_value(value);
	}
	if (text)
		say(reply, text, strlen(text));
	json_decref(root);
}

static void read_body(struct otlp_reply *reply, const struct http_call *call, bool is_json)
{
	const struct strbuf *body = &call->response.body;
	struct bytes bytes = bytes_of(strbuf_str(body), body->len);
	struct proto_field field;

	if (is_json) {
		read_json(reply, body);
	} else if (reply->verdict == OTLP_SENT) {
		read_partial(reply, bytes);
	} else {
		/* google.rpc.Status: message 2. */
		while (proto_take(&bytes, &field))
			if (field.number == 2)
				say(reply, field.bytes.ptr, field.bytes.len);
	}
}

static enum otlp_verdict of_status(int status)
{
	if (status >= 200 && status < 300)
		return OTLP_SENT;
	switch (status) {
	case 429:
	case 502:
	case 503:
	case 504:
		return OTLP_AGAIN;
	case 413:
		return OTLP_TOO_LARGE;
	case 404:
	case 405:
	case 501:
		return OTLP_UNSUPPORTED;
	default:
		return OTLP_REJECTED;
	}
}

/* --- gRPC ------------------------------------------------------------------------------------- */

/* RetryInfo: retry_delay 1 { seconds 1, nanos 2 }. Rounded up to seconds. */
static void read_retry_info(struct otlp_reply *reply, struct bytes info)
{
	struct proto_field outer, inner;
	uint64_t seconds = 0, nanos = 0;

	while (proto_take(&info, &outer)) {
		while (outer.number == 1 && proto_take(&outer.bytes, &inner)) {
			if (inner.number == 1)
				seconds = inner.value;
			else if (inner.number == 2)
				nanos = inner.value;
		}
	}
	if (seconds <= INT64_MAX - 1)
		snprintf(reply->wait, sizeof(reply->wait), "%" PRIu64, seconds + (nanos > 0));
}

/* grpc-status-details-bin, a google.rpc.Status: details 3, each an Any { type_url 1, value 2 }. */
static void read_details(struct otlp_reply *reply, const char *text)
{
	static const char wanted[] = "type.googleapis.com/google.rpc.RetryInfo";
	uint8_t bytes[DETAILS_MAX_BYTES];
	struct proto_field detail, any;
	struct bytes status;
	size_t len = 0;

	if (base64_decode(bytes, sizeof(bytes), text, &len) < 0)
		return;
	status = bytes_of(bytes, len);
	while (proto_take(&status, &detail)) {
		bool is_retry = false;

		while (detail.number == 3 && proto_take(&detail.bytes, &any)) {
			if (any.number == 1)
				is_retry = any.bytes.len == sizeof(wanted) - 1 &&
					   memcmp(any.bytes.ptr, wanted, any.bytes.len) == 0;
			else if (any.number == 2 && is_retry)
				read_retry_info(reply, any.bytes);
		}
	}
}

/* The words of gRPC implementations for a message above their limit. */
static bool is_about_size(const char *message)
{
	static const char *const words[] = { "larger than max", "exceeds maximum", "too large",
					     "message size",	"max message",	   "too big" };

	for (size_t i = 0; message && i < ARRAY_LEN(words); i++)
		if (strcasestr(message, words[i]))
			return true;
	return false;
}

static enum otlp_verdict of_grpc(uint64_t status, bool has_wait, const char *message)
{
	switch (status) {
	case GRPC_OK:
		return OTLP_SENT;
	case GRPC_CANCELLED:
	case GRPC_DEADLINE_EXCEEDED:
	case GRPC_ABORTED:
	case GRPC_OUT_OF_RANGE:
	case GRPC_UNAVAILABLE:
	case GRPC_DATA_LOSS:
		return OTLP_AGAIN;
	case GRPC_RESOURCE_EXHAUSTED:
		if (is_about_size(message))
			return OTLP_TOO_LARGE;
		return has_wait ? OTLP_AGAIN : OTLP_REJECTED;
	case GRPC_UNIMPLEMENTED:
		return OTLP_UNSUPPORTED;
	default:
		return OTLP_REJECTED;
	}
}

static int digit_of(char c)
{
	static const char digits[] = "0123456789ABCDEFabcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	int digit = at ? (int)(at - digits) : -1;

	return digit > 15 ? digit - 6 : digit;
}

/* grpc-message is percent-encoded; what is not stays as it is. */
static void say_decoded(struct otlp_reply *reply, const char *text)
{
	size_t len = strlen(reply->message);

	for (; *text && len < sizeof(reply->message) - 1; text++) {
		int high = *text == '%' ? digit_of(text[1]) : -1;
		int low = high >= 0 ? digit_of(text[2]) : -1;
		char byte = low >= 0 ? (char)(high << 4 | low) : *text;

		reply->message[len++] = byte ? byte : ' ';
		text += low >= 0 ? 2 : 0;
	}
	reply->message[len] = '\0';
}

static void read_grpc(struct otlp_reply *reply, const struct http_call *call)
{
	const struct http_response *r = &call->response;
	uint64_t status;

	if (!r->grpc_status || parse_u64(r->grpc_status, &status) < 0) {
		reply->verdict = of_status(r->status);
		if (reply->verdict == OTLP_SENT)
			reply->verdict = OTLP_REJECTED;
		snprintf(reply->message, sizeof(reply->message), "no grpc-status, HTTP %d",
			 r->status);
		return;
	}
	if (r->grpc_details)
		read_details(reply, r->grpc_details);
	say_decoded(reply, r->grpc_message ? r->grpc_message : "");
	reply->verdict = of_grpc(status, reply->wait[0], reply->message);
	reply->message[0] = '\0';
	if (reply->verdict == OTLP_SENT && r->body.len > GRPC_HEAD)
		read_partial(reply, bytes_of(r->body.buf + GRPC_HEAD, r->body.len - GRPC_HEAD));
	if (reply->verdict == OTLP_SENT)
		return;
	snprintf(reply->message, sizeof(reply->message), "grpc-status %" PRIu64 "%s", status,
		 r->grpc_message ? ": " : "");
	if (r->grpc_message)
		say_decoded(reply, r->grpc_message);
}

static void read_location(struct otlp_reply *reply, const struct http_response *r)
{
	bool moved = r->status == 307 || r->status == 308;

	if (!moved || !r->location || strlen(r->location) >= sizeof(reply->location))
		return;
	snprintf(reply->location, sizeof(reply->location), "%s", r->location);
	reply->for_good = r->status == 308;
	reply->verdict = OTLP_MOVED;
}

void otlp_reply_read(struct otlp_reply *ret, const struct http_call *call,
		     enum otlp_protocol protocol)
{
	const struct http_response *r = &call->response;

	*ret = (struct otlp_reply){ .verdict = OTLP_AGAIN };
	if (call->result < 0) {
		say(ret, call->err.msg, strlen(call->err.msg));
		return;
	}
	if (r->retry_after)
		snprintf(ret->wait, sizeof(ret->wait), "%s", r->retry_after);
	if (protocol == OTLP_GRPC) {
		read_grpc(ret, call);
		return;
	}
	ret->verdict = of_status(r->status);
	read_location(ret, r);
	read_body(ret, call, protocol == OTLP_HTTP_JSON);
	if (ret->verdict != OTLP_SENT) {
		_cleanup_free_ char *text = xstrdup(ret->message);

		if (r->location && r->status / 100 == 3)
			snprintf(ret->message, sizeof(ret->message), "HTTP %d to %.200s", r->status,
				 r->location);
		else
			snprintf(ret->message, sizeof(ret->message), "HTTP %d%s%.200s", r->status,
				 *text ? ": " : "", text);
	}
}
