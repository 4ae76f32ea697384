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
	char origin[72];     /* of the index that it was pulled from; "" */
	uint64_t size_bytes; /* manifest, config and layers */
	char *created;	     /* RFC 3339: from the manifest, else the time of saving; NULL:
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
	struct image_pair *labels; /* of an ordinary image's config */
	size_t nlabels;
	char *platforms; /* "linux/amd64,linux/arm64" where there are several; NULL: there are not
			  */
	char *manifest_json; /* as stored */
	/* Of the image, or of the index it was chosen from: there, but not verified unless it has a
	 * signer. By image_find_signatures() and remote_inspect() only. */
	struct image_signature {
		const char *form;  /* "cosign", "sigstore bundle", "Notary Project" */
		char manifest[72]; /* that holds it */
		uint64_t bytes;	   /* of that manifest */
		char subject[72];  /* the digest that it signs */
		char *where;	   /* it was found: "tag sha256-<hex>.sig", "referrers", ... */
		char *signer;	   /* the key that made it; NULL: not verified */
	} * signatures;
	size_t nsignatures;
	char *signatures_trouble; /* why there may be others; NULL: there are not */
	char *damage; /* image_list() only: why the manifest cannot be read; NULL: it was */
};
void image_info_release(struct image_info *info);

/* Whether an image can be saved under this name: letters, digits and the signs of references.
 * EXIT_USAGE. */
int image_check_name(const char *name, struct err *err);

/* Saves a program under a name and takes the name from any other image. ret_digest gets the
 * manifest's. The same program, platform and annotations give the same digest: the time of saving
 * stands in the index.
 */
struct image_file {
	const char *title, *media_type;
	const void *bytes;
	size_t len;
};
#define IMAGE_SOURCE_TYPE "text/x-csrc"
#define IMAGE_README_TYPE "text/markdown"

struct image_build {
	const void *program;
	size_t program_bytes;
	const char *platform; /* "linux/amd64", NULL: any */
	const struct image_pair *annotations;
	size_t nannotations;
	const struct image_file *files; /* layers behind the program */
	size_t nfiles;
};
int image_save(const char *store, const char *name, const struct image_build *build,
	       char ret_digest[72], struct err *err);
/* Several platforms under one name: an index of the images. One alone is saved as image_save(). */
int image_save_all(const char *store, const char *name, const struct image_build *builds,
		   size_t count, char ret_digest[72], struct err *err);

/*
 * The name as typed, else with ":latest" added or taken off, else a digest or the unique beginning
 * of one (at least 6 digits). -ENOENT with the nearest name as hint. Of an image for several
 * platforms it is the one for this machine, or for `platform`, that is described.
 */
int image_find(const char *store, const char *name, struct image_info *ret, struct err *err);
int image_find_for(const char *store, const char *name, const char *platform,
		   struct image_info *ret, struct err *err);

/* Whether a store can be read and has no image of this name. image_find() gives the reason why a
 * store cannot be read. */
bool image_missing(const char *store, const char *name);
/* The name in the store that is nearest to a mistyped one; malloc'ed, NULL: there is none. */
char *image_nearest(const char *store, const char *name);

/* Adds the signatures of an image that image_find() found, as far as the store has them, and names
 * the signers whose keys the policy has (NULL: none). */
struct policy;
int image_find_signatures(const char *store, struct image_info *info, const struct policy *policy,
			  struct err *err);

/* Verifies an image that image_find() found by the signatures in the store. EXIT_TRUST. */
int image_verify(const char *store, struct image_info *info, const struct policy *policy,
		 struct err *err);

/* An image in a store. */
struct image_place {
	const char *store, *name;
};

/* Gives an image the second name `to` in a store. An image of another store is copied there; any
 * other image loses the name `to`. */
int image_tag(const struct image_place *image, const char *store, const char *to, struct err *err);

/* Takes the name away; ret_name (malloc'ed) is how it stood there. The blobs stay until pruned. */
int image_remove(const char *store, const char *name, char **ret_name, struct err *err);

/* Removes blobs that no entry of the index needs, and unfinished downloads that no process holds.
 * An index that cannot be read through removes nothing. */
int image_prune(const char *store, bool dry_run, size_t *ret_count, uint64_t *ret_bytes,
		struct err *err);

/* Writes images, each under its name there, as a tar of an OCI image layout ("-": standard output)
 * or into the layout in a folder (an existing one, or a name that ends in '/'). */
int image_export(const struct image_place *images, size_t count, const char *to, struct err *err);
/* The other way: from a folder, a tar or standard input ("-"). fn gets each name. */
int image_import(const char *store, const char *from, void (*fn)(void *ctx, const char *name),
		 void *ctx, struct err *err);

/* The tool that packs images in this way: "bombus", "bpfman", "Inspektor Gadget"; NULL: unknown. */
const char *image_format(const struct image_info *info);

/* Whether it is a signature of another image, which cannot run. */
bool image_is_signature(const struct image_info *info);

/* The program's bytes, verified against their digest. malloc'ed. -ENOTSUP: the image holds no eBPF
 * program; the message names its content. */
int image_program(const char *store, const struct image_info *info, void **ret, size_t *ret_len,
		  struct err *err);

/* The text of a layer of this type, such as IMAGE_SOURCE_TYPE; malloc'ed, with a NUL behind its
 * end. -ENOENT: there is none. */
int image_text(const char *store, const struct image_info *info, const char *media_type, char **ret,
	       size_t *ret_len, struct err *err);

/* All names, sorted. A store that does not exist is empty. */
int image_list(const char *store, struct image_info **ret, size_t *ret_count, struct err *err);

#endif
