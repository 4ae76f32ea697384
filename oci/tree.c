// SPDX-License-Identifier: Apache-2.0
/* What belongs to an image: the manifest or index, and all that it names. */
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/image_internal.h"
#include "oci/format/image_index.h"

static int walk_manifest(struct store *store, const struct descriptor *top, tree_fn fn, void *ctx,
			 struct err *err)
{
	_cleanup_(manifest_release) struct manifest m = { 0 };
	_cleanup_free_ void *bytes = NULL;
	int rc = store_get_blob(store, top->digest, top->size_bytes, MANIFEST_MAX_BYTES, &bytes,
				err);

	if (rc == 0)
		rc = manifest_parse(bytes, top->size_bytes,
				    *top->media_type ? top->media_type : NULL, &m, err);
	if (rc == 0)
		rc = fn(ctx, &m.config, false, err);
	for (size_t i = 0; rc == 0 && i < m.nlayers; i++)
		rc = fn(ctx, &m.layers[i], false, err);
	return rc ? rc : fn(ctx, top, true, err);
}

int store_walk_tree(struct store *store, const struct descriptor *top, tree_fn fn, void *ctx,
		    struct err *err)
{
	_cleanup_(image_index_release) struct image_index images = { 0 };
	_cleanup_free_ void *bytes = NULL;
	int rc;

	if (!media_is_index(top->media_type))
		return walk_manifest(store, top, fn, ctx, err);
	rc = store_get_blob(store, top->digest, top->size_bytes, MANIFEST_MAX_BYTES, &bytes, err);
	if (rc == 0)
		rc = image_index_parse(bytes, top->size_bytes, top->media_type, &images, err);
	for (size_t i = 0; rc == 0 && i < images.nmanifests; i++)
		rc = walk_manifest(store, &images.manifests[i], fn, ctx, err);
	return rc ? rc : fn(ctx, top, true, err);
}

static int check_one(void *ctx, const struct descriptor *desc, bool is_document, struct err *err)
{
	/* A document was read and checked on the way. */
	return is_document ? 0 : store_check_blob(ctx, desc->digest, desc->size_bytes, err);
}

int store_check_tree(struct store *store, const struct descriptor *top, struct err *err)
{
	return store_walk_tree(store, top, check_one, store, err);
}
