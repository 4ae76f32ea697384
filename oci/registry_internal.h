/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOMBUS_OCI_REGISTRY_INTERNAL_H
#define BOMBUS_OCI_REGISTRY_INTERNAL_H

#include "oci/registry.h"
#include "oci/transfer.h"

/* Errors, tokens and what else is small. */
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

/* Runs it; an answer of another status than `status` is an error about `what`. */
int registry_run(struct transfer *t, int status, const char *what, struct err *err);

#endif
