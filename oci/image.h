/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The facade that commands use: programs as images in a local store.
 *
 * The store is an OCI image layout (https://github.com/opencontainers/image-spec, image-layout.md):
 * `oci-layout`, `index.json` with one entry a name in org.opencontainers.image.ref.name, and
 * `blobs/sha256/`. It is made when first written to. Writers hold a lock file; a blob is complete
 * and synced before the index names it; files are written aside and renamed.
 *
 * The image format is BumbleBee's (spec/image.md): an OCI manifest whose config is
 * application/ebpf.oci.image.config.v1+json and whose layer
 * application/ebpf.oci.image.program.v1+binary is the raw ELF object.
 */
#ifndef BOMBUS_OCI_IMAGE_H
#define BOMBUS_OCI_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define IMAGE_MAX_PROGRAM_BYTES (64u << 20)

/* An annotation or any other pair of words. */
struct image_pair {
	const char *name, *value;
};

struct image_info {
	char *name;	     /* as stored */
	char digest[72];     /* of the manifest: "sha256:<64 hex>" */
	uint64_t size_bytes; /* manifest, config and layers */
	char *created;	     /* RFC 3339: what the manifest says, else when it was saved here; NULL:
				unknown */
	char *platform;	     /* "linux/amd64"; NULL: any */
	struct image_pair *annotations; /* of the manifest */
	size_t nannotations;
	struct image_layer {
		char *media_type, *title; /* title NULL: none */
		char digest[72];
		uint64_t size_bytes;
	} * layers;
	size_t nlayers;
	char *manifest_json; /* as stored */
	char *damage;	     /* image_list() only: why the manifest cannot be read; NULL: it was */
};
void image_info_release(struct image_info *info);

/* Whether an image can be saved under this name: letters, digits and what stands in references.
 * EXIT_USAGE. */
int image_check_name(const char *name, struct err *err);

/* Saves a program under a name, replacing what had it. ret_digest gets the manifest's. The same
 * program, platform and annotations give the same digest: the time of saving stands in the index.
 */
struct image_build {
	const void *program;
	size_t program_bytes;
	const char *platform; /* "linux/amd64", NULL: any */
	const struct image_pair *annotations;
	size_t nannotations;
};
int image_save(const char *store, const char *name, const struct image_build *build,
	       char ret_digest[72], struct err *err);

/*
 * The name as typed, else with ":latest" added or taken off, else a digest or the unique beginning
 * of one (at least 6 digits). -ENOENT with the nearest name as hint.
 */
int image_find(const char *store, const char *name, struct image_info *ret, struct err *err);

/* The program's bytes, verified against their digest. malloc'ed. */
int image_program(const char *store, const struct image_info *info, void **ret, size_t *ret_len,
		  struct err *err);

/* All names, sorted. A store that does not exist is empty. */
int image_list(const char *store, struct image_info **ret, size_t *ret_count, struct err *err);

#endif
