// SPDX-License-Identifier: Apache-2.0
#include "oci/trust/verify.h"

#include <errno.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/util.h"
#include "oci/format/image_index.h"
#include "oci/format/ref.h"
#include "oci/registry/registry.h"
#include "oci/signatures.h"
#include "oci/store/store.h"
#include "oci/trust/claim.h"
#include "oci/trust/key.h"

#define MAX_STATEMENT_BYTES (1u << 20)
#define MAX_SIGNATURE_BYTES 4096

/* What a requirement is checked with. */
struct check {
	const struct sign_place *place;
	const struct requirement *requirement;
	const struct ref *ref;
	const char *digest;
	struct image_signature *signature;
	const char *why; /* it does not hold, if it is worth saying */
};

static int get_manifest(const struct check *c, struct manifest *ret, struct err *err)
{
	const char *digest = c->signature->manifest;
	_cleanup_(document_release) struct document doc = { 0 };
	int rc;

	if (c->place->registry) {
		rc = registry_get(c->place->registry, c->place->repository, digest, &doc, err);
	} else {
		rc = store_get_blob(c->place->store, digest, c->signature->bytes,
				    MANIFEST_MAX_BYTES, (void **)&doc.bytes, err);
		doc.len = c->signature->bytes;
	}
	return rc < 0 ? rc : manifest_parse(doc.bytes, doc.len, NULL, ret, err);
}

static int get_blob(const struct check *c, const struct descriptor *desc, void **ret,
		    struct err *err)
{
	if (desc->size_bytes > MAX_STATEMENT_BYTES)
		return err_set(err, EFBIG, "a signature is larger than %u bytes",
			       MAX_STATEMENT_BYTES);
	if (c->place->registry)
		return registry_get_blob(c->place->registry, c->place->repository, desc->digest,
					 desc->size_bytes, MAX_STATEMENT_BYTES, ret, err);
	return store_get_blob(c->place->store, desc->digest, desc->size_bytes, MAX_STATEMENT_BYTES,
			      ret, err);
}

static const struct key *signer(const struct check *c, const void *message, size_t len,
				const void *signature, size_t signature_len)
{
	for (size_t i = 0; i < c->requirement->nkeys; i++)
		if (key_verify(c->requirement->keys[i], message, len, signature, signature_len))
			return c->requirement->keys[i];
	return NULL;
}

/* A statement whose signature holds. */
static bool is_about(struct check *c, const struct claim *claim)
{
	if (!streq(claim->digest, c->digest))
		c->why = "a signature by this key is over another digest";
	else if (!requirement_names(c->requirement, claim, c->ref))
		c->why = "a signature by this key names another image";
	else
		return true;
	return false;
}

static const struct key *check_layer(struct check *c, const struct descriptor *layer)
{
	const char *text = annotation_get(layer->annotations, layer->nannotations, SIGNATURE_NOTE);
	_cleanup_(claim_release) struct claim claim = { 0 };
	_cleanup_free_ void *payload = NULL;
	unsigned char signature[MAX_SIGNATURE_BYTES];
	const struct key *key;
	size_t len = 0;

	if (!streq(layer->media_type, SIGNATURE_LAYER_TYPE) || !text ||
	    base64_decode(signature, sizeof(signature), text, &len) < 0 ||
	    get_blob(c, layer, &payload, NULL) < 0)
		return NULL;
	key = signer(c, payload, layer->size_bytes, signature, len);
	if (!key || claim_read(payload, layer->size_bytes, &claim, NULL) < 0)
		return NULL;
	return is_about(c, &claim) ? key : NULL;
}

static const struct key *check_bundle(struct check *c, const struct descriptor *layer)
{
	_cleanup_(envelope_release) struct envelope e = { 0 };
	_cleanup_(claim_release) struct claim claim = { 0 };
	_cleanup_free_ void *bundle = NULL;
	const struct key *key = NULL;

	if (!has_prefix(layer->media_type, SIGNATURE_BUNDLE_PREFIX) ||
	    get_blob(c, layer, &bundle, NULL) < 0 ||
	    envelope_read(bundle, layer->size_bytes, &e, NULL) < 0)
		return NULL;
	for (size_t i = 0; !key && i < e.nsignatures; i++)
		key = signer(c, e.signed_bytes, e.signed_len, e.signatures[i].bytes,
			     e.signatures[i].len);
	if (!key || envelope_claim(&e, &claim, NULL) < 0)
		return NULL;
	return is_about(c, &claim) ? key : NULL;
}

/* The key whose signature over the digest holds; NULL: none. */
static const struct key *check_signature(struct check *c)
{
	_cleanup_(manifest_release) struct manifest m = { 0 };
	const struct key *key = NULL;

	if (!streq(c->signature->subject, c->digest) || get_manifest(c, &m, NULL) < 0)
		return NULL;
	for (size_t i = 0; !key && i < m.nlayers; i++) {
		key = check_layer(c, &m.layers[i]);
		if (!key)
			key = check_bundle(c, &m.layers[i]);
	}
	return key;
}

static int untrusted(struct err *err, const char *digest, const char *why)
{
	err_exit(err, EXIT_TRUST);
	return err_set(err, EKEYREJECTED, "%s is not trusted: %s", digest, why);
}

static bool is_signed(struct check *c, struct image_info *info)
{
	bool any = false;

	for (size_t i = 0; i < info->nsignatures; i++) {
		const struct key *key;

		c->signature = &info->signatures[i];
		key = check_signature(c);
		if (key && !c->signature->signer)
			c->signature->signer = xstrdup(key_name(key));
		any = any || key;
	}
	return any;
}

static bool has_signature(const struct image_info *info, const char *digest)
{
	for (size_t i = 0; i < info->nsignatures; i++)
		if (streq(info->signatures[i].subject, digest))
			return true;
	return false;
}

static int require(struct check *c, struct image_info *info, struct err *err)
{
	const char *why = info->signatures_trouble;

	switch (c->requirement->kind) {
	case REQUIRE_NOTHING:
		return 0;
	case REQUIRE_REJECT:
		return untrusted(err, c->digest, "the policy rejects it");
	case REQUIRE_SIGNED:
		break;
	}
	if (is_signed(c, info))
		return 0;
	if (!why)
		why = c->why;
	if (!why)
		why = has_signature(info, c->digest) ? "no signature is by a trusted key"
						     : "it has no signature";
	return untrusted(err, c->digest, why);
}

int verify_digest(const struct sign_place *place, const struct policy *policy,
		  const struct ref *ref, const char *digest, struct image_info *info,
		  struct err *err)
{
	struct requirements lists[POLICY_LISTS];
	int rc = 0;

	policy_for(policy, ref, lists);
	for (size_t l = 0; l < POLICY_LISTS; l++)
		for (size_t i = 0; rc == 0 && i < lists[l].count; i++) {
			struct check c = { place, &lists[l].list[i], ref, digest, NULL, NULL };

			rc = require(&c, info, err);
		}
	return rc;
}

void verify_name_signers(const struct sign_place *place, const struct policy *policy,
			 const struct ref *ref, struct image_info *info)
{
	struct requirements lists[POLICY_LISTS];

	policy_for(policy, ref, lists);
	for (size_t i = 0; i < info->nsignatures; i++)
		for (size_t l = 0; l < POLICY_LISTS; l++)
			for (size_t j = 0; j < lists[l].count; j++) {
				struct check c = { place, &lists[l].list[j],
						   ref,	  info->signatures[i].subject,
						   NULL,  NULL };

				is_signed(&c, info);
			}
}

/* --- of a registry --------------------------------------------------------------------------- */

static int check_lists(struct registry *registry, const char *repository, const char *index,
		       const char *digest, struct err *err)
{
	_cleanup_(document_release) struct document doc = { 0 };
	_cleanup_(image_index_release) struct image_index images = { 0 };
	int rc = registry_get(registry, repository, index, &doc, err);

	if (rc == 0)
		rc = image_index_parse(doc.bytes, doc.len, doc.media_type, &images, err);
	for (size_t i = 0; rc == 0 && i < images.nmanifests; i++)
		if (streq(images.manifests[i].digest, digest))
			return 0;
	return rc < 0 ? rc : untrusted(err, digest, "its index does not list it");
}

int verify_in_registry(struct registry *registry, const struct policy *policy,
		       const struct ref *ref, const char *own, const char *origin,
		       struct image_info *info, struct err *err)
{
	const struct sign_place place = { NULL, registry, ref->repository };
	struct err why = { 0 };
	int rc;

	if (!policy_asks(policy, ref))
		return 0;
	signatures_in_registry(registry, ref->repository, own, info);
	rc = verify_digest(&place, policy, ref, own, info, &why);
	if (rc < 0 && origin && *origin && !streq(origin, own)) {
		why = (struct err){ 0 };
		signatures_in_registry(registry, ref->repository, origin, info);
		rc = verify_digest(&place, policy, ref, origin, info, &why);
		if (rc == 0)
			rc = check_lists(registry, ref->repository, origin, own, &why);
	}
	if (rc < 0 && err)
		*err = why;
	return rc;
}

/* --- of the store ---------------------------------------------------------------------------- */

/* Whole indexes are signed, and single images in them: `chosen` gets the digest of the image. */
static void find_in_store(struct store *store, struct image_info *info, char chosen[DIGEST_ROOM])
{
	digest_of(info->manifest_json, strlen(info->manifest_json), chosen);
	signatures_in_store(store, info->digest, info);
	if (!streq(chosen, info->digest))
		signatures_in_store(store, chosen, info);
}

int image_find_signatures(const char *path, struct image_info *info, const struct policy *policy,
			  struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	_cleanup_(ref_release) struct ref ref = { 0 };
	char chosen[DIGEST_ROOM];
	int rc = store_open_read(&store, path, err);

	if (rc < 0)
		return rc;
	find_in_store(store, info, chosen);
	if (policy && ref_parse(info->name, &ref, NULL) == 0)
		verify_name_signers(&(struct sign_place){ .store = store }, policy, &ref, info);
	return 0;
}

int image_verify(const char *path, struct image_info *info, const struct policy *policy,
		 struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	_cleanup_(ref_release) struct ref ref = { 0 };
	char chosen[DIGEST_ROOM];
	struct sign_place place = { 0 };
	struct err why = { 0 };
	int rc = ref_parse(info->name, &ref, err);

	if (rc == 0 && !policy_asks(policy, &ref))
		return 0;
	if (rc == 0)
		rc = store_open_read(&store, path, err);
	if (rc < 0)
		return rc;
	place.store = store;
	find_in_store(store, info, chosen);
	rc = verify_digest(&place, policy, &ref, chosen, info, &why);
	if (rc < 0 && !streq(chosen, info->digest)) {
		why = (struct err){ 0 };
		rc = verify_digest(&place, policy, &ref, info->digest, info, &why);
	}
	if (rc < 0 && err)
		*err = why;
	return rc;
}
