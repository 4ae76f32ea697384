// SPDX-License-Identifier: Apache-2.0
/* Signatures of a registry become entries of a store, which verify without the registry. */
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/image_internal.h"
#include "oci/signatures.h"

/* A signature is a few lines; a bundle may have certificates and proofs. */
#define MAX_BLOB_BYTES (1u << 20)
#define MAX_BLOBS 64

struct keeping {
	struct registry *registry;
	const char *repository;
	struct store *store; /* open for writing */
};

static int keep_blob(const struct keeping *k, const struct descriptor *desc, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	char digest[DIGEST_ROOM];
	int rc;

	if (desc->size_bytes > MAX_BLOB_BYTES)
		return err_set(err, EFBIG, "%s is too large for a signature", desc->digest);
	rc = registry_get_blob(k->registry, k->repository, desc->digest, desc->size_bytes,
			       MAX_BLOB_BYTES, &bytes, err);
	return rc < 0 ? rc : store_put_blob(k->store, bytes, desc->size_bytes, digest, err);
}

/* The image's name without tag and digest. */
static char *bare_name(const char *name)
{
	const char *slash = strrchr(name, '/'), *rest = slash ? slash : name;

	return xstrndup(name, (size_t)(rest - name) + strcspn(rest, ":@"));
}

static int name_it(const struct keeping *k, const struct image_signature *s, const char *image,
		   const struct document *doc, struct err *err)
{
	const char *tag = has_prefix(s->where, "tag ") && has_suffix(s->where, ".sig")
				  ? s->where + strlen("tag ")
				  : NULL;
	_cleanup_free_ char *bare = bare_name(image);
	_cleanup_free_ char *name =
		tag ? xasprintf("%s:%s", bare, tag) : xasprintf("%s@%s", bare, doc->digest);
	struct descriptor desc = { doc->media_type, doc->digest, doc->len };

	return index_put(store_index(k->store), name, &desc, err);
}

static int keep(const struct keeping *k, const struct image_signature *s, const char *image,
		struct err *err)
{
	_cleanup_(document_release) struct document doc = { 0 };
	_cleanup_(manifest_release) struct manifest m = { 0 };
	char digest[DIGEST_ROOM];
	int rc = registry_get(k->registry, k->repository, s->manifest, &doc, err);

	if (rc == 0)
		rc = manifest_parse(doc.bytes, doc.len, doc.media_type, &m, err);
	if (rc == 0 && m.nlayers > MAX_BLOBS)
		rc = err_set(err, EFBIG, "%s has more than %d signatures", s->manifest, MAX_BLOBS);
	if (rc == 0)
		rc = keep_blob(k, &m.config, err);
	for (size_t i = 0; rc == 0 && i < m.nlayers; i++)
		rc = keep_blob(k, &m.layers[i], err);
	if (rc == 0)
		rc = store_put_blob(k->store, doc.bytes, doc.len, digest, err);
	return rc < 0 ? rc : name_it(k, s, image, &doc, err);
}

int signatures_keep(struct registry *registry, const char *repository,
		    const struct image_info *info, const char *path, const char *name,
		    struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	struct keeping k = { registry, repository, NULL };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < info->nsignatures; i++) {
		if (!info->signatures[i].signer)
			continue;
		if (!store)
			rc = store_open_write(&store, path, err);
		k.store = store;
		if (rc == 0)
			rc = keep(&k, &info->signatures[i], name, err);
	}
	return rc < 0 || !store ? rc : store_commit(store, err);
}
