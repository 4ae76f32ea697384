/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a receiver of OTLP answered, and what follows from it. Pure. Boundary file of jansson in
 * this layer.
 *
 *	HTTP	2xx is good, though a part may be rejected; 429, 502, 503 and 504 may be tried
 *		again; anything else never
 *	gRPC	grpc-status decides, in a header or a trailer; where there is none HTTP's does, and
 *		200 without one is a failure. Tried again: CANCELLED, DEADLINE_EXCEEDED, ABORTED,
 *		OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS, and RESOURCE_EXHAUSTED where the answer says
 *		when
 *
 * Where there was no answer, for whatever reason, it is tried again.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_REPLY_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_REPLY_H

#include "base/http.h"
#include "runner/sink/otlp/otlp_config.h"

enum otlp_verdict { OTLP_SENT, OTLP_AGAIN, OTLP_REJECTED };

struct otlp_reply {
	enum otlp_verdict verdict;
	uint64_t rejected; /* OTLP_SENT: so many of the items */
	char wait[40];	   /* as in Retry-After; "": not said */
	char message[256]; /* what the receiver said, or what went wrong; "": nothing */
};

void otlp_reply_read(struct otlp_reply *ret, const struct http_call *call,
		     enum otlp_protocol protocol);

#endif
