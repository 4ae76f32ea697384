/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors as JSON, for manifests and indexes. Part of the boundary to jansson. */
#ifndef BOMBUS_OCI_FORMAT_DESCRIPTOR_H
#define BOMBUS_OCI_FORMAT_DESCRIPTOR_H

#include "oci/format/json.h"
#include "oci/format/manifest.h"

/* Texts are copied to the arena. */
int descriptor_parse(const json_t *json, struct arena *arena, struct descriptor *ret,
		     struct err *err);
int descriptor_json(const struct descriptor *desc, json_t **ret, struct err *err);

/* "linux/arm64/v8" as members os, architecture and variant of `owner`. EXIT_USAGE. */
int platform_add(json_t *owner, const char *platform, struct err *err);

int annotations_parse(const json_t *owner, struct arena *arena, const struct image_pair **ret,
		      size_t *ret_count, struct err *err);
/* Adds them, sorted, as member "annotations" of `owner`; none: no member. */
int annotations_add(json_t *owner, const struct image_pair *pairs, size_t count, struct err *err);

#endif
