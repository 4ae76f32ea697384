/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files behind image.h and remote.h. */
#ifndef BOMBUS_OCI_IMAGE_INTERNAL_H
#define BOMBUS_OCI_IMAGE_INTERNAL_H

#include "base/clock.h"
#include "oci/image.h"
#include "oci/format/manifest.h"
#include "oci/store/store.h"

/* On an entry of the store's index: the digest of the index of several platforms that this image
 * was chosen from, by which the registry knows the image. */
#define NOTE_ORIGIN "io.bombus.origin.digest"

/* Now, "2026-11-20T09:00:00Z". */
void image_time(char ret[RFC3339_SECONDS_ROOM]);

/* Enters a document that the store has under a name, with its time (NULL: without), and commits. */
int image_put_name(struct store *store, const char *name, const struct descriptor *desc,
		   const char *created, struct err *err);

/* Whether its media types are those of an image with a program. -ENOTSUP names what it holds. */
int image_check_runs(const struct manifest *manifest, struct err *err);

/* The entry for a name as a user types it; see image_find(). */
int image_find_entry(struct store *store, const char *name, const struct index_entry **ret,
		     struct err *err);

/* Every blob below a manifest or an index, it included, the top last. -EBADMSG where one of the
 * documents is damaged; fn may end it with a negative value. */
typedef int (*tree_fn)(void *ctx, const struct descriptor *desc, bool is_document, struct err *err);
int store_walk_tree(struct store *store, const struct descriptor *top, tree_fn fn, void *ctx,
		    struct err *err);

/* Whether all of it is there and whole. */
int store_check_tree(struct store *store, const struct descriptor *top, struct err *err);

#define BLOBS_PREFIX STORE_BLOBS "/"

/* Copies an entry and all that it names into the store at `to`: the blobs first, then the name. */
int image_copy_entry(struct store *from, const char *to, const struct index_entry *entry,
		     struct err *err);

/* Fills in the fields that the entry of the index has: enough to list a damaged image. */
void image_begin_info(const struct index_entry *entry, struct image_info *info);

/* Fills in the fields of the manifest. `info` has name, digest and size already. */
void image_fill_info(struct image_info *info, const struct manifest *manifest);

/* Fills in labels, and the platform if it is still unknown, from a config. */
struct json_t;
void image_fill_config(struct image_info *info, const struct json_t *config);

#endif
