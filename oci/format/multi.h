/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indexes of one image for several platforms, and the choice among them. Pure, but for the name
 * of this machine. Platforms are "os/architecture[/variant]" as OCI spells them; what uname says
 * ("x86_64") is understood as well.
 */
#ifndef BOMBUS_OCI_FORMAT_MULTI_H
#define BOMBUS_OCI_FORMAT_MULTI_H

#include <stdbool.h>
#include "oci/format/manifest.h"

#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define MULTI_MAX_MANIFESTS 256

bool media_is_index(const char *media_type);
bool media_is_manifest(const char *media_type);

struct multi {
	const char *media_type;
	struct descriptor *manifests;
	size_t nmanifests;
	const struct image_pair *annotations;
	size_t nannotations;
	struct arena arena;
};

/* As manifest_parse(): -EBADMSG. */
int multi_parse(const void *bytes, size_t len, const char *expected, struct multi *ret,
		struct err *err);
void multi_release(struct multi *multi);
int multi_write(const struct multi *multi, char **ret, struct err *err);

/* Not an attestation, a signature or whatever else stands between the images. */
bool multi_is_image(const struct descriptor *desc);

/* The manifest for a platform; NULL asks for this machine's. -ENOENT names those that are there. */
int multi_choose(const struct multi *multi, const char *platform, const struct descriptor **ret,
		 struct err *err);

/* "linux/arm64, linux/amd64"; malloc'ed. */
char *multi_platforms(const struct multi *multi);

/* This machine's, malloc'ed. */
char *platform_here(void);

/* Refuses what cannot be a platform, or its architecture alone; NULL is this machine's. */
int platform_check(const char *platform, struct err *err);

/* Whether `have` will do where `want` is wanted: a variant counts where both name one. */
bool platform_fits(const char *have, const char *want);

#endif
