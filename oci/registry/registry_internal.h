/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOMBUS_OCI_REGISTRY_REGISTRY_INTERNAL_H
#define BOMBUS_OCI_REGISTRY_REGISTRY_INTERNAL_H

#include "oci/registry/registry.h"
#include "oci/registry/transfer.h"

/* Errors, tokens and other small answers. */
#define REGISTRY_MAX_ANSWER (1u << 20)

struct registry {
	char *host; /* as it is called */
	char *base; /* "https://host:port" */
	struct transfer_env env;
};

/* A request for PATH of a repository, not begun. `scope` and `repository` are borrowed. */
struct transfer registry_request(struct registry *registry, const char *method,
				 const char *repository, const char *scope, char *url);

/* "repository:NAME:ACTIONS"; malloc'ed. */
char *registry_scope(const char *repository, const char *actions);

/* Whether an answer to PUT means that it is stored. 201 is the specification's; registries also
 * send 200, 202 and 204. */
bool registry_is_stored(int status);

/* Runs it; an answer of another status than `status` is an error about `what`. REGISTRY_STORED
 * stands for each that registry_is_stored() accepts. */
#define REGISTRY_STORED 0
int registry_run(struct transfer *t, int status, const char *what, struct err *err);

/* ".../v2/NAME/blobs/DIGEST"; malloc'ed. */
char *registry_blob_url(const struct registry *registry, const char *repository,
			const char *digest);

/*
 * Several transfers at a time. A job is a chain of them: next() begins the first with job_begin(),
 * and is called again whenever one has ended, to look at it and begin another. 1: one was begun;
 * 0: the job is done; a negative value ends all of them. The transfers' memory is looked after.
 */
struct job {
	struct transfer transfer;
	bool begun, done;
	int (*next)(struct job *job, struct err *err);
};
void job_begin(struct job *job, const struct transfer *t);
int registry_run_jobs(struct registry *registry, struct job **jobs, size_t count, struct err *err);

#endif
