// SPDX-License-Identifier: Apache-2.0
#include "oci/signatures.h"

#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/image_internal.h"
#include "oci/format/image_index.h"

#define COSIGN_CONFIG SIGNATURE_CONFIG_TYPE
#define COSIGN_LAYER SIGNATURE_LAYER_TYPE
#define BUNDLE_LAYER SIGNATURE_BUNDLE_PREFIX
#define BUNDLE_PREDICATE SIGNATURE_PREDICATE_NOTE
#define BUNDLE_SIGNS SIGNATURE_PREDICATE
#define NOTARY "application/vnd.cncf.notary.signature"
/* Every user with push access can add some, and each is a request. */
#define MAX_REFERRERS 32

static char *tag_of(const char *digest, const char *end)
{
	return xasprintf("sha256-%s%s", digest_hex(digest), end);
}

static bool has_layer(const struct manifest *m, const char *prefix)
{
	for (size_t i = 0; i < m->nlayers; i++)
		if (has_prefix(m->layers[i].media_type, prefix))
			return true;
	return false;
}

/* By what is in it: what an index says of it is often wrong. NULL: it is no signature. */
static const char *form_of(const struct manifest *m)
{
	const char *type = m->artifact_type ? m->artifact_type : "", *predicate;

	if (streq(m->config.media_type, COSIGN_CONFIG) || has_layer(m, COSIGN_LAYER))
		return "cosign";
	if (has_layer(m, BUNDLE_LAYER)) {
		/* Attestations come in bundles, too. */
		predicate = annotation_get(m->annotations, m->nannotations, BUNDLE_PREDICATE);
		return !predicate || streq(predicate, BUNDLE_SIGNS) ? "sigstore bundle" : NULL;
	}
	return streq(type, NOTARY) || streq(m->config.media_type, NOTARY) ? "Notary Project" : NULL;
}

static void trouble(struct image_info *info, const char *why)
{
	if (!info->signatures_trouble)
		info->signatures_trouble = xstrdup(why);
}

static void add(struct image_info *info, const char *form, const char *manifest, size_t bytes,
		const char *subject, const char *where)
{
	struct image_signature *s;

	for (size_t i = 0; i < info->nsignatures; i++)
		if (streq(info->signatures[i].manifest, manifest))
			return;
	info->signatures = xreallocarray(info->signatures, info->nsignatures + 1, sizeof(*s));
	s = &info->signatures[info->nsignatures++];
	*s = (struct image_signature){ .form = form, .bytes = bytes, .where = xstrdup(where) };
	memcpy(s->manifest, manifest, DIGEST_ROOM);
	memcpy(s->subject, subject, DIGEST_ROOM);
}

/* A manifest that stands where signatures do; `by_subject`: only where it says so itself. */
static void take(struct image_info *info, const void *bytes, size_t len, const char *digest,
		 bool by_subject, const char *subject, const char *where)
{
	_cleanup_(manifest_release) struct manifest m = { 0 };
	struct err err = { 0 };
	const char *form;

	if (manifest_parse(bytes, len, NULL, &m, &err) < 0) {
		trouble(info, err.msg);
		return;
	}
	form = form_of(&m);
	if (form && (!by_subject || (m.subject.digest && streq(m.subject.digest, subject))))
		add(info, form, digest, len, subject, where);
}

/* --- in a registry --------------------------------------------------------------------------- */

struct looking {
	struct registry *registry;
	const char *repository, *digest;
	struct image_info *info;
};

/* False: there is none, or it cannot be had, which is noted. */
static bool get(const struct looking *l, const char *version, struct document *ret)
{
	struct err err = { 0 };
	int rc = registry_get(l->registry, l->repository, version, ret, &err);

	if (rc < 0 && rc != -ENOENT)
		trouble(l->info, err.msg);
	return rc == 0;
}

static void look_at_tag(const struct looking *l)
{
	_cleanup_free_ char *tag = tag_of(l->digest, ".sig");
	_cleanup_free_ char *where = xasprintf("tag %s", tag);
	_cleanup_(document_release) struct document doc = { 0 };

	if (get(l, tag, &doc) && media_is_manifest(doc.media_type))
		take(l->info, doc.bytes, doc.len, doc.digest, false, l->digest, where);
}

static void look_at_index(const struct looking *l, const struct document *index, const char *where)
{
	_cleanup_(image_index_release) struct image_index images = { 0 };
	struct err err = { 0 };

	if (image_index_parse(index->bytes, index->len, NULL, &images, &err) < 0) {
		trouble(l->info, err.msg);
		return;
	}
	if (images.nmanifests > MAX_REFERRERS)
		trouble(l->info, "there are too many referrers to look at all of them");
	for (size_t i = 0; i < images.nmanifests && i < MAX_REFERRERS; i++) {
		_cleanup_(document_release) struct document doc = { 0 };

		if (media_is_manifest(images.manifests[i].media_type) &&
		    get(l, images.manifests[i].digest, &doc))
			take(l->info, doc.bytes, doc.len, doc.digest, true, l->digest, where);
	}
}

void signatures_in_registry(struct registry *registry, const char *repository, const char *digest,
			    struct image_info *info)
{
	struct looking l = { registry, repository, digest, info };
	_cleanup_free_ char *tag = tag_of(digest, "");
	_cleanup_free_ char *where = xasprintf("tag %s", tag);
	_cleanup_(document_release) struct document doc = { 0 };
	struct err err = { 0 };
	int rc;

	look_at_tag(&l);
	rc = registry_referrers(registry, repository, digest, &doc, &err);
	if (rc < 0)
		trouble(info, err.msg);
	if (rc == 0)
		look_at_index(&l, &doc, "referrers");
	/* That tag may also be an ordinary image. */
	else if (rc == 1 && get(&l, tag, &doc) && media_is_index(doc.media_type) &&
		 !streq(doc.digest, digest))
		look_at_index(&l, &doc, where);
}

/* --- in the store ---------------------------------------------------------------------------- */

static void take_blob(struct store *store, const struct descriptor *desc, bool by_subject,
		      const char *subject, const char *where, struct image_info *info)
{
	_cleanup_free_ void *bytes = NULL;

	if (streq(desc->digest, subject) || !media_is_manifest(desc->media_type) ||
	    store_get_blob(store, desc->digest, desc->size_bytes, MANIFEST_MAX_BYTES, &bytes,
			   NULL) < 0)
		return;
	take(info, bytes, desc->size_bytes, desc->digest, by_subject, subject, where);
}

static void take_index(struct store *store, const struct descriptor *desc, const char *subject,
		       const char *where, struct image_info *info)
{
	_cleanup_(image_index_release) struct image_index images = { 0 };
	_cleanup_free_ void *bytes = NULL;

	if (store_get_blob(store, desc->digest, desc->size_bytes, MANIFEST_MAX_BYTES, &bytes,
			   NULL) < 0 ||
	    image_index_parse(bytes, desc->size_bytes, NULL, &images, NULL) < 0)
		return;
	for (size_t i = 0; i < images.nmanifests; i++)
		take_blob(store, &images.manifests[i], true, subject, where, info);
}

static bool is_tagged(const char *name, const char *tag)
{
	size_t len = strlen(name), end = strlen(tag);

	return len > end && name[len - end - 1] == ':' && streq(name + len - end, tag);
}

void signatures_in_store(struct store *store, const char *digest, struct image_info *info)
{
	_cleanup_free_ char *tag = tag_of(digest, ""), *signed_tag = tag_of(digest, ".sig");
	const struct index_entry *entries;
	const struct descriptor *roots;
	size_t count;

	entries = index_entries(store_index(store), &count);
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *where = xasprintf("name %s", entries[i].name);

		if (is_tagged(entries[i].name, signed_tag))
			take_blob(store, &entries[i].desc, false, digest, where, info);
		else if (is_tagged(entries[i].name, tag) &&
			 media_is_index(entries[i].desc.media_type))
			take_index(store, &entries[i].desc, digest, where, info);
	}
	roots = index_roots(store_index(store), &count);
	for (size_t i = 0; i < count; i++)
		take_blob(store, &roots[i], true, digest, "store", info);
}

int signatures_each(struct store *store, const char *digest, signature_fn fn, void *ctx,
		    struct err *err)
{
	_cleanup_(image_info_release) struct image_info info = { 0 };
	const struct index_entry *entries;
	size_t count;
	int rc = 0;

	signatures_in_store(store, digest, &info);
	entries = index_entries(store_index(store), &count);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; rc == 0 && k < info.nsignatures; k++)
			if (streq(entries[i].desc.digest, info.signatures[k].manifest))
				rc = fn(ctx, &entries[i], err);
	return rc;
}

bool image_is_signature(const struct image_info *info)
{
	for (size_t i = 0; i < info->nlayers; i++)
		if (!streq(info->layers[i].media_type, SIGNATURE_LAYER_TYPE) &&
		    !has_prefix(info->layers[i].media_type, SIGNATURE_BUNDLE_PREFIX))
			return false;
	return info->nlayers > 0;
}
