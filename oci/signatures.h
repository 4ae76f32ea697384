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

/* Add to info->signatures those of the manifest or index `digest`. A failure sets
 * info->signatures_trouble; the caller goes on. */
void signatures_in_registry(struct registry *registry, const char *repository, const char *digest,
			    struct image_info *info);
void signatures_in_store(struct store *store, const char *digest, struct image_info *info);

#endif
