/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indexes of one image for several platforms, and the choice among them. Pure, but for the name
 * of this machine. Platforms are "os/architecture[/variant]" as OCI spells them; the names of uname
 * ("x86_64") are understood as well.
 */
#ifndef BOMBUS_OCI_FORMAT_IMAGE_INDEX_H
#define BOMBUS_OCI_FORMAT_IMAGE_INDEX_H

#include <stdbool.h>
#include "oci/format/manifest.h"

#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define IMAGE_INDEX_MAX_MANIFESTS 256

bool media_is_index(const char *media_type);
bool media_is_manifest(const char *media_type);

struct image_index {
	const char *media_type;
	struct descriptor *manifests;
	size_t nmanifests;
	const struct image_pair *annotations;
	size_t nannotations;
	struct arena arena;
};

/* As manifest_parse(): -EBADMSG. */
int image_index_parse(const void *bytes, size_t len, const char *expected, struct image_index *ret,
		      struct err *err);
void image_index_release(struct image_index *images);
int image_index_write(const struct image_index *images, char **ret, struct err *err);

/* Not an attestation, a signature or whatever else stands between the images. */
bool image_index_is_image(const struct descriptor *desc);

/* The manifest for a platform; NULL asks for this machine's. -ENOENT names those that are there. */
int image_index_choose(const struct image_index *images, const char *platform,
		       const struct descriptor **ret, struct err *err);

/* "linux/arm64, linux/amd64"; malloc'ed. */
char *image_index_platforms(const struct image_index *images);

/* This machine's, malloc'ed. */
char *platform_here(void);

/* Refuses a text that is no platform or architecture; NULL stands for this machine's. */
int platform_check(const char *platform, struct err *err);

/* Whether `have` will do where `want` is wanted: a variant counts where both name one. */
bool platform_fits(const char *have, const char *want);

#endif
