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

#endif
