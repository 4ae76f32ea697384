/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The facade for images in registries; image.h is the one for those that are here. Names are
 * references (oci/format/ref.h). Errors of the other side are EXIT_REGISTRY.
 */
#ifndef BOMBUS_OCI_REMOTE_H
#define BOMBUS_OCI_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "oci/image.h"
#include "oci/registry/registry.h"

struct err;

#define REMOTE_MAX_BYTES (1ull << 30) /* of one image, by default */

struct remote_opts {
	struct registry_opts registry;
	/* Of an image for several: NULL is this machine's, "all" takes the whole. */
	const char *platform;
	uint64_t max_bytes; /* 0: REMOTE_MAX_BYTES */
	/* A pulled image must meet it before anything of the image is kept; NULL: none. */
	const struct policy *policy;
	registry_progress progress; /* NULL: none */
	void *ctx;
};

struct remote_result {
	char digest[DIGEST_ROOM]; /* that the name now stands for */
	bool current;		  /* it was here already */
	size_t blobs;		  /* that were moved */
	uint64_t bytes;		  /* in them */
	size_t mounted;		  /* that the registry took from another repository */
};

/*
 * Pulls an image into the store under `name`. Blobs of the store are not fetched again; if the tag
 * still stands for the same digest, one HEAD request is all. After a failure the bytes that came
 * are kept, and the next attempt continues there.
 */
int remote_pull(const char *store, const char *name, const struct remote_opts *opts,
		struct remote_result *ret, struct err *err);

/* `name` is one of the store, `to` where it goes. All platforms go. */
int remote_push(const char *store, const char *name, const char *to, const struct remote_opts *opts,
		struct remote_result *ret, struct err *err);

/* The tags of "HOST/REPOSITORY", sorted; after an error those that came before it. */
int remote_tags(const char *name, const struct remote_opts *opts, struct tag_list *ret,
		struct err *err);

/* Describes an image of a registry without fetching its program. */
int remote_inspect(const char *name, const struct remote_opts *opts, struct image_info *ret,
		   struct err *err);

/*
 * Verifies an image by the signatures in its registry: `here`, as image_find() found it, or (NULL)
 * what the name stands for there. An image chosen from an index is trusted with the index.
 * EXIT_TRUST; `ret` is filled as by remote_inspect(), as far as that was possible.
 */
int remote_verify(const char *name, const struct image_info *here, const struct remote_opts *opts,
		  struct image_info *ret, struct err *err);

/* Signs what the name stands for in its registry, an index as a whole. */
enum signature_form { SIGN_TAG, SIGN_REFERRER, SIGN_BUNDLE };
struct key;
int remote_sign(const char *name, const struct key *key, enum signature_form form,
		const struct remote_opts *opts, char ret_digest[DIGEST_ROOM], struct err *err);

/* Checks them with the registry, then keeps them; ret_path (malloc'ed) says where. */
int remote_login(const char *host, const char *user, const char *secret,
		 const struct remote_opts *opts, char **ret_path, struct err *err);
int remote_logout(const char *host, const char *authfile, char **ret_path, struct err *err);

#endif
