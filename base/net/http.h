/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP over one pool of connections, several calls at a time. Boundary file of libcurl, which is
 * loaded when the first client is made. This module is plain transport: it repeats no call, follows
 * no redirection and adds no credential. A client belongs to one thread.
 *
 *	http_start(http, &call); while (!call.done) http_wait(http, 1000);
 */
#ifndef BOMBUS_BASE_NET_HTTP_H
#define BOMBUS_BASE_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/strbuf.h"

struct http;

struct http_opts {
	bool insecure;			  /* certificates are not checked */
	const char *ca_file;		  /* the only trusted authorities; NULL: the system's */
	const char *cert_file, *key_file; /* of the client; NULL: none */
	const char *purpose; /* where libcurl is missing: "cannot talk to registries" */
	/* Hints of errors: the certificate is not trusted; the server speaks no TLS. NULL: none.
	 */
	const char *trust_hint, *tls_hint;
};
int http_new(struct http **ret, const struct http_opts *opts, struct err *err);
void http_free(struct http *http); /* cancels calls that still run */

#define HTTP_MAX_HEADERS 8
#define HTTP_MAX_CHALLENGES 4

struct http_response {
	int status; /* 0: no answer */
	char *location, *content_type, *digest, *retry_after, *range, *upload_id;
	char *link;					 /* of several headers, joined by commas */
	char *chunk_min_length;				 /* OCI-Chunk-Min-Length, in bytes */
	char *grpc_status, *grpc_message, *grpc_details; /* headers or trailers */
	char *challenges[HTTP_MAX_CHALLENGES];		 /* WWW-Authenticate, one a header */
	size_t nchallenges;
	int64_t content_length; /* -1: unknown */
	int64_t range_start;	/* of Content-Range; -1: none */
	struct strbuf body;	/* the bytes that went to no sink */
};

struct http_call {
	/* The request. All pointers are borrowed until the call is done. */
	const char *method; /* GET HEAD POST PUT PATCH DELETE */
	const char *url;
	const char *headers[HTTP_MAX_HEADERS]; /* "Name: value" */
	size_t nheaders;
	const char *const *more_headers; /* behind these */
	size_t nmore_headers;
	bool http2;	     /* without asking, where there is no TLS to ask in; else it is tried */
	uint64_t timeout_ms; /* of all of it; 0: only a connection that stands still is given up */
	const void *body;    /* of POST, PUT and PATCH */
	uint64_t body_bytes;
	int body_fd; /* read from body_offset instead of `body` where it is not -1 */
	uint64_t body_offset;
	size_t max_body; /* of the answer; more is -EFBIG */
	bool cut_body;	 /* more is left out instead, and body.full is set */
	/* Takes the body of a 2xx answer as it comes; NULL: response.body does. A negative value
	 * ends the call with it. Other answers always go to response.body. */
	int (*sink)(void *ctx, const struct http_response *response, const void *bytes, size_t len);
	void (*sent)(void *ctx, uint64_t bytes); /* so much of the body is on its way; NULL */
	void *ctx;

	/* The result. */
	bool done;
	int result;  /* 0: there is an answer; -errno: with `err` */
	bool broken; /* the connection failed: another try may help */
	struct http_response response;
	struct err err;

	struct http_transfer *transfer; /* http.c's */
};

/* Before the first http_start() and again before another one. */
void http_call_reset(struct http_call *call);
void http_call_release(struct http_call *call); /* not while it runs */

void http_start(struct http *http, struct http_call *call);
/* Lets all calls go on until one is done or the time is over. */
void http_wait(struct http *http, int timeout_ms);
/* Gives up a call that runs. */
void http_cancel(struct http *http, struct http_call *call);

#endif
