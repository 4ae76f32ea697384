/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer of a receiver of OTLP, and its consequence. Pure. Uses jansson, as otlp_split does.
 *
 *	HTTP	2xx is good, though a part may be rejected; 429, 502, 503 and 504 may be tried
 *		again; 413 is too large; 307 and 308 move the request; 404, 405 and 501 mean that
 *		the receiver does not know the signal; anything else is final
 *	gRPC	grpc-status decides, in a header or a trailer; where there is none HTTP's does, and
 *		200 without one is a failure. Tried again: CANCELLED, DEADLINE_EXCEEDED, ABORTED,
 *		OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS, and RESOURCE_EXHAUSTED where the answer has a
 *		time. RESOURCE_EXHAUSTED whose message is about the request's size is too large;
 *		UNIMPLEMENTED means that the receiver does not know the signal
 *
 * A request without an answer is tried again.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_REPLY_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_REPLY_H

#include "base/net/http.h"
#include "runner/sink/otlp/otlp_config.h"

enum otlp_verdict {
	OTLP_SENT,
	OTLP_AGAIN,
	OTLP_REJECTED,
	OTLP_TOO_LARGE,	  /* smaller requests may be taken */
	OTLP_MOVED,	  /* to `location` */
	OTLP_UNSUPPORTED, /* as OTLP_REJECTED: the receiver does not know the signal */
};

struct otlp_reply {
	enum otlp_verdict verdict;
	uint64_t rejected;  /* OTLP_SENT: so many of the items */
	char wait[40];	    /* as in Retry-After; "": none */
	char location[512]; /* OTLP_MOVED: as the answer has it */
	bool for_good;	    /* OTLP_MOVED: later requests go there, too */
	char message[256];  /* the receiver's text, or the error; "": none */
};

void otlp_reply_read(struct otlp_reply *ret, const struct http_call *call,
		     enum otlp_protocol protocol);

#endif
