/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests with a subject, for registries that do not list them by themselves. */
#ifndef BOMBUS_OCI_REFERRER_H
#define BOMBUS_OCI_REFERRER_H

#include "oci/format/manifest.h"

struct err;
struct registry;

/* Lists a manifest of the repository as a referrer of `subject`. A registry without the referrers
 * API gets it in the index under the tag sha256-<hex> (OCI 1.1). */
int referrer_announce(struct registry *registry, const char *repository, const char *subject,
		      const struct descriptor *desc, const char *artifact_type, struct err *err);

#endif
