/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signatures of an image, found but not verified. Three places are
 * looked at: the tag sha256-<hex>.sig beside the image (cosign), the registry's referrers, and the
 * index under the tag sha256-<hex> where the registry has no such interface (OCI 1.1).
 */
#ifndef BOMBUS_OCI_SIGNATURES_H
#define BOMBUS_OCI_SIGNATURES_H

#include "oci/image.h"
#include "oci/registry/registry.h"
#include "oci/store/store.h"

#define SIGNATURE_CONFIG_TYPE "application/vnd.dev.cosign.artifact.sig.v1+json"
#define SIGNATURE_LAYER_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"
#define SIGNATURE_NOTE "dev.cosignproject.cosign/signature"
#define SIGNATURE_BUNDLE_PREFIX "application/vnd.dev.sigstore.bundle"
#define SIGNATURE_BUNDLE_TYPE SIGNATURE_BUNDLE_PREFIX ".v0.3+json"
#define SIGNATURE_PREDICATE_NOTE "dev.sigstore.bundle.predicateType"
#define SIGNATURE_PREDICATE "https://sigstore.dev/cosign/sign/v1"

/* Add to info->signatures those of the manifest or index `digest`. A failure sets
 * info->signatures_trouble; the caller goes on. */
void signatures_in_registry(struct registry *registry, const char *repository, const char *digest,
			    struct image_info *info);
void signatures_in_store(struct store *store, const char *digest, struct image_info *info);

/* Calls fn for each entry of the store's index that is a signature of `digest`; fn may end it with
 * a negative value. */
typedef int (*signature_fn)(void *ctx, const struct index_entry *entry, struct err *err);
int signatures_each(struct store *store, const char *digest, signature_fn fn, void *ctx,
		    struct err *err);

/*
 * Keeps the verified signatures of `info` in a store, as entries beside the image `name`:
 * NAME:sha256-<hex>.sig for those under a tag, NAME@DIGEST for referrers.
 */
int signatures_keep(struct registry *registry, const char *repository,
		    const struct image_info *info, const char *store, const char *name,
		    struct err *err);

#endif
