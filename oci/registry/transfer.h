/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to a registry with all that belongs to it: credentials, redirections, repetitions.
 * Several can be on their way: each is a small state machine that transfer_step() moves on.
 */
#ifndef BOMBUS_OCI_REGISTRY_TRANSFER_H
#define BOMBUS_OCI_REGISTRY_TRANSFER_H

#include "oci/registry/auth.h"
#include "base/net/http.h"

struct transfer_env {
	struct http *http;
	struct auth *auth;
	const char *base; /* the registry's address; credentials go nowhere else */
	unsigned max_tries;
};

struct transfer {
	const struct transfer_env *env;
	const char *repository, *scope; /* of the credentials */
	/* As in struct http_call. */
	const char *method, *accept, *content_type, *content_range;
	char *url; /* ours */
	const void *body;
	uint64_t body_bytes;
	int body_fd;
	uint64_t body_offset;
	size_t max_body;
	bool once; /* a failure leaves unknown what the registry did: no repetition */
	int (*sink)(void *ctx, const struct http_response *response, const void *bytes, size_t len);
	void (*sent)(void *ctx, uint64_t bytes);
	/* Where to go on after a failure, in bytes; NULL: from the start. */
	uint64_t (*offset)(void *ctx);
	/* Whether a 2xx answer brought all there is; where not, it was cut. NULL: always. */
	bool (*complete)(void *ctx);
	void *ctx;

	/* The answer, when transfer_step() said 1 and `result` is 0. */
	struct http_call call;
	int result;
	struct err err;

	uint64_t due_ns; /* not before then (base/clock.h, monotonic) */

	/* Its own. */
	char *current_url, *range, *auth_line;
	unsigned tries, rounds, redirects, resumes;
	uint64_t last_offset; /* where this attempt began */
	uint64_t most_bytes;  /* of any attempt: fewer are no progress */
	bool begun;
};

/* The caller has filled in the first part; `url` is taken over. */
void transfer_begin(struct transfer *t);
/* 1: done, one way or the other. 0: http_wait() first. */
int transfer_step(struct transfer *t);
/* When it wants to be stepped at the latest, in ms from now. */
int transfer_patience_ms(const struct transfer *t);
/* To the end. Its result. */
int transfer_run(struct transfer *t, struct err *err);
void transfer_release(struct transfer *t);

/* Makes an error of an answer that is no success, with `what` in front. EXIT_REGISTRY. */
int transfer_refused(const struct transfer *t, const char *what, struct err *err);

#endif
