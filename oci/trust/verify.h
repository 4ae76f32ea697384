/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures against the requirements of a policy. Those that are found are in struct image_info;
 * each is read again by its digest, from the store or the registry that it was found in.
 */
#ifndef BOMBUS_OCI_TRUST_VERIFY_H
#define BOMBUS_OCI_TRUST_VERIFY_H

#include "oci/image.h"
#include "oci/trust/policy.h"

struct err;
struct registry;
struct store;

/* Where signatures are: in one of the two. */
struct sign_place {
	struct store *store;
	struct registry *registry;
	const char *repository;
};

/* Whether one of the signatures over `digest` meets each requirement. Sets the signers in `info`.
 * EXIT_TRUST with the reason. */
int verify_digest(const struct sign_place *place, const struct policy *policy,
		  const struct ref *ref, const char *digest, struct image_info *info,
		  struct err *err);

/* Sets the signers in `info` and judges nothing. */
void verify_name_signers(const struct sign_place *place, const struct policy *policy,
			 const struct ref *ref, struct image_info *info);

/*
 * Of an image in a registry: its own digest, or that of the index it is chosen from (NULL or "": it
 * is not from one), which must list it.
 */
int verify_in_registry(struct registry *registry, const struct policy *policy,
		       const struct ref *ref, const char *own, const char *origin,
		       struct image_info *info, struct err *err);

#endif
