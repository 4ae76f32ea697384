/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors and image manifests (https://github.com/opencontainers/image-spec, descriptor.md
 * and manifest.md), from bytes to values and back. Nothing here touches a file.
 *
 * Every digest in a parsed value has passed digest_valid(). Errors are -EBADMSG.
 */
#ifndef BOMBUS_OCI_FORMAT_MANIFEST_H
#define BOMBUS_OCI_FORMAT_MANIFEST_H

#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "oci/image.h"

struct err;

#define MEDIA_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_EBPF_CONFIG "application/ebpf.oci.image.config.v1+json"
#define MEDIA_EBPF_PROGRAM "application/ebpf.oci.image.program.v1+binary"

#define TITLE_EBPF_PROGRAM "program.o"

#define NOTE_TITLE "org.opencontainers.image.title"
#define NOTE_CREATED "org.opencontainers.image.created"
#define NOTE_REF_NAME "org.opencontainers.image.ref.name"

/* More layers are a mistake or an attack. */
#define MANIFEST_MAX_LAYERS 256
#define MANIFEST_MAX_BYTES (4u << 20)

struct descriptor {
	const char *media_type;
	const char *digest;
	uint64_t size_bytes;
	const char *platform; /* "linux/arm64/v8"; NULL: none given */
	const struct image_pair *annotations;
	size_t nannotations;
};

struct manifest {
	const char *media_type;	   /* NULL: not given, which older builders do */
	const char *artifact_type; /* NULL: not given */
	struct descriptor subject; /* that it refers to; its digest is NULL where there is none */
	struct descriptor config;
	struct descriptor *layers;
	size_t nlayers;
	const struct image_pair *annotations;
	size_t nannotations;
	struct arena arena; /* holds all of it */
};

/* `expected` is the type in the parent's descriptor; a manifest of another type is refused. */
int manifest_parse(const void *bytes, size_t len, const char *expected, struct manifest *ret,
		   struct err *err);
void manifest_release(struct manifest *manifest);

/* One line of JSON, malloc'ed. Annotations are sorted, so that their order does not count.
 * -EILSEQ: one of them is not UTF-8. */
int manifest_write(const struct manifest *manifest, char **ret, struct err *err);

/* The config of an image of programs for `platform`, NULL for any; malloc'ed. */
int config_write(const char *platform, char **ret, struct err *err);

/* NULL: there is none. */
const char *annotation_get(const struct image_pair *pairs, size_t count, const char *name);

#endif
