/* SPDX-License-Identifier: Apache-2.0 */
/* The programs docker-credential-NAME: `get`, the host on standard input, JSON comes back. */
#ifndef BOMBUS_OCI_REGISTRY_CREDS_HELPER_H
#define BOMBUS_OCI_REGISTRY_CREDS_HELPER_H

#include "oci/registry/creds.h"

struct err;

/* 0 and nothing where the helper says that it has none. It has half a minute. */
int creds_ask_helper(const char *name, const char *host, struct creds *ret, struct err *err);

#endif
