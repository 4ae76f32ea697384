// SPDX-License-Identifier: Apache-2.0
/* Whatever a receiver answers: no more is rejected than a number can say, and texts end. */
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"
#include "runner/sink/otlp/otlp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 400, 429, 503 };
	struct http_call call = { 0 };
	struct http_response *r = &call.response;
	struct otlp_reply reply;

	if (size < 2)
		return 0;
	http_call_reset(&call);
	r->status = statuses[data[0] % ARRAY_LEN(statuses)];
	r->body.max = size;
	strbuf_add(&r->body, data + 2, size - 2);
	if (data[0] & 4)
		r->grpc_status = xasprintf("%u", data[0] >> 3);
	if (data[0] & 8)
		r->grpc_details = xstrndup((const char *)data + 2, size - 2);
	if (data[0] & 8)
		r->grpc_message = xstrndup((const char *)data + 2, size - 2);
	if (data[0] & 16)
		r->retry_after = xstrndup((const char *)data + 2, size - 2);
	otlp_reply_read(&reply, &call, data[1] % 3);
	if (reply.rejected > INT64_MAX ||
	    strnlen(reply.message, sizeof(reply.message)) == sizeof(reply.message) ||
	    strnlen(reply.wait, sizeof(reply.wait)) == sizeof(reply.wait))
		abort();
	http_call_release(&call);
	return 0;
}
