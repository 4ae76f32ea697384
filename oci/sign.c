// SPDX-License-Identifier: Apache-2.0
/*
 * Signs images in their registry, in the three forms that oci/signatures.h reads: the tag
 * sha256-<hex>.sig, a referrer with the same layer, and a referrer with a sigstore bundle. A
 * registry without the interface for referrers gets the index under the tag sha256-<hex> (OCI 1.1).
 */
#include <errno.h>
#include <sys/mman.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/util.h"
#include "oci/format/descriptor.h"
#include "oci/format/json.h"
#include "oci/format/ref.h"
#include "oci/image_internal.h"
#include "oci/registry/registry.h"
#include "oci/remote.h"
#include "oci/referrer.h"
#include "oci/signatures.h"
#include "oci/trust/claim.h"
#include "oci/trust/key.h"

#define IMAGE_CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"
#define NO_TIME "0001-01-01T00:00:00Z"

struct signing {
	struct registry *registry;
	struct ref ref;
	struct document subject;
	const struct key *key;
};

static void signing_release(struct signing *s)
{
	document_release(&s->subject);
	registry_close(s->registry);
	ref_release(&s->ref);
}

/* --- blobs from memory ----------------------------------------------------------------------- */

struct text_blobs {
	const char *texts[2];
	struct blob_send sends[2];
	size_t count;
};

static int open_text(void *ctx, const struct blob_send *blob, int *ret_fd, char **ret_mount_from,
		     struct err *err)
{
	const struct text_blobs *b = ctx;
	_cleanup_close_ int fd = memfd_create("blob", MFD_CLOEXEC);
	int rc;

	*ret_mount_from = NULL;
	if (fd < 0)
		return err_sys(err, errno, "cannot keep a blob");
	for (size_t i = 0; i < b->count; i++) {
		if (!streq(b->sends[i].digest, blob->digest))
			continue;
		rc = write_all(fd, b->texts[i], strlen(b->texts[i]));
		if (rc < 0 || lseek(fd, 0, SEEK_SET) < 0)
			return err_sys(err, rc < 0 ? -rc : errno, "cannot keep a blob");
		*ret_fd = steal_fd(&fd);
		return 0;
	}
	return err_set(err, ENOENT, "no blob %s", blob->digest);
}

static void add_text(struct text_blobs *b, const char *text, const char *type,
		     struct descriptor *ret)
{
	struct blob_send *send = &b->sends[b->count];

	b->texts[b->count++] = text;
	send->size_bytes = strlen(text);
	digest_of(text, strlen(text), send->digest);
	*ret = (struct descriptor){ .media_type = type,
				    .digest = send->digest,
				    .size_bytes = send->size_bytes };
}

static int put(struct signing *s, struct text_blobs *blobs, const struct manifest *m,
	       const char *tag, struct descriptor *ret, struct err *err)
{
	_cleanup_(document_release) struct document doc = { 0 };
	int rc = registry_send(s->registry, s->ref.repository, blobs->sends, blobs->count,
			       open_text, blobs, NULL, NULL, err);

	if (rc == 0)
		rc = manifest_write(m, &doc.bytes, err);
	if (rc)
		return rc;
	doc.len = strlen(doc.bytes);
	doc.media_type = xstrdup(MEDIA_MANIFEST);
	digest_of(doc.bytes, doc.len, doc.digest);
	rc = registry_put(s->registry, s->ref.repository, tag ? tag : doc.digest, &doc, err);
	if (rc == 0 && ret) {
		*ret = (struct descriptor){ .media_type = MEDIA_MANIFEST, .size_bytes = doc.len };
		ret->digest = xstrdup(doc.digest);
	}
	return rc;
}

/* --- as a tag -------------------------------------------------------------------------------- */

static char *layers_config(const struct descriptor *layers, size_t count)
{
	_cleanup_json_ json_t *json =
		json_pack("{ssssss s{} s{sss[]} s[]}", "architecture", "", "created", NO_TIME, "os",
			  "", "config", "rootfs", "type", "layers", "diff_ids", "history");
	json_t *ids = json_object_get(json_object_get(json, "rootfs"), "diff_ids");
	json_t *history = json_object_get(json, "history");

	for (size_t i = 0; i < count; i++) {
		json_array_append_new(ids, json_string(layers[i].digest));
		json_array_append_new(history, json_pack("{ss}", "created", NO_TIME));
	}
	return json_text(json);
}

/* The layers that are there already; other signers keep theirs. */
static int read_tag(struct signing *s, const char *tag, struct manifest *ret, struct err *err)
{
	_cleanup_(document_release) struct document doc = { 0 };
	int rc = registry_get(s->registry, s->ref.repository, tag, &doc, err);

	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : manifest_parse(doc.bytes, doc.len, doc.media_type, ret, err);
}

static int sign_claim(struct signing *s, char **ret_claim, char **ret_signature, struct err *err)
{
	_cleanup_free_ char *name = xasprintf("%s/%s", s->ref.host, s->ref.repository);
	_cleanup_free_ char *claim = claim_write(name, s->subject.digest);
	_cleanup_free_ void *signature = NULL;
	size_t len = 0;
	int rc = key_sign(s->key, claim, strlen(claim), &signature, &len, err);

	if (rc < 0)
		return rc;
	*ret_signature = xcalloc(1, BASE64_ROOM(len) + 1);
	base64_encode(*ret_signature, signature, len);
	*ret_claim = steal_ptr(&claim);
	return 0;
}

static int sign_tag(struct signing *s, struct err *err)
{
	_cleanup_free_ char *tag = xasprintf("sha256-%s.sig", digest_hex(s->subject.digest));
	_cleanup_free_ char *claim = NULL, *signature = NULL, *config = NULL;
	_cleanup_(manifest_release) struct manifest there = { 0 };
	_cleanup_free_ struct descriptor *layers = NULL;
	struct manifest m = { .media_type = MEDIA_MANIFEST };
	struct text_blobs blobs = { 0 };
	struct image_pair note = { .name = SIGNATURE_NOTE };
	int rc = read_tag(s, tag, &there, err);

	if (rc == 0)
		rc = sign_claim(s, &claim, &signature, err);
	if (rc)
		return rc;
	if (there.nlayers == MANIFEST_MAX_LAYERS)
		return err_set(err, EFBIG, "it has %d signatures already", MANIFEST_MAX_LAYERS);
	layers = xcalloc(there.nlayers + 1, sizeof(*layers));
	if (there.nlayers)
		memcpy(layers, there.layers, there.nlayers * sizeof(*layers));
	note.value = signature;
	add_text(&blobs, claim, SIGNATURE_LAYER_TYPE, &layers[there.nlayers]);
	layers[there.nlayers].annotations = &note;
	layers[there.nlayers].nannotations = 1;
	config = layers_config(layers, there.nlayers + 1);
	add_text(&blobs, config, IMAGE_CONFIG_TYPE, &m.config);
	m.layers = layers;
	m.nlayers = there.nlayers + 1;
	m.annotations = there.annotations;
	m.nannotations = there.nannotations;
	return put(s, &blobs, &m, tag, NULL, err);
}

/* --- as a referrer --------------------------------------------------------------------------- */

static int put_referrer(struct signing *s, struct text_blobs *blobs, struct manifest *m,
			const char *artifact_type, struct err *err)
{
	struct descriptor desc = { 0 };
	int rc;

	m->subject = (struct descriptor){ .media_type = s->subject.media_type,
					  .digest = s->subject.digest,
					  .size_bytes = s->subject.len };
	rc = put(s, blobs, m, NULL, &desc, err);
	if (rc == 0)
		rc = referrer_announce(s->registry, s->ref.repository, s->subject.digest, &desc,
				       artifact_type, err);
	free((char *)desc.digest);
	return rc;
}

static int sign_referrer(struct signing *s, struct err *err)
{
	_cleanup_free_ char *claim = NULL, *signature = NULL, *config = NULL;
	struct descriptor layer = { 0 };
	struct manifest m = { .media_type = MEDIA_MANIFEST, .layers = &layer, .nlayers = 1 };
	struct image_pair note = { .name = SIGNATURE_NOTE };
	struct text_blobs blobs = { 0 };
	int rc = sign_claim(s, &claim, &signature, err);

	if (rc)
		return rc;
	note.value = signature;
	add_text(&blobs, claim, SIGNATURE_LAYER_TYPE, &layer);
	layer.annotations = &note;
	layer.nannotations = 1;
	config = layers_config(&layer, 1);
	add_text(&blobs, config, SIGNATURE_CONFIG_TYPE, &m.config);
	return put_referrer(s, &blobs, &m, SIGNATURE_CONFIG_TYPE, err);
}

static int sign_bundle(struct signing *s, struct err *err)
{
	_cleanup_free_ char *bundle = NULL;
	char now[RFC3339_SECONDS_ROOM];
	struct image_pair notes[] = {
		{ NOTE_CREATED, now },
		{ "dev.sigstore.bundle.content", "dsse-envelope" },
		{ SIGNATURE_PREDICATE_NOTE, SIGNATURE_PREDICATE },
	};
	struct descriptor layer = { 0 };
	struct manifest m = { .media_type = MEDIA_MANIFEST,
			      .artifact_type = SIGNATURE_BUNDLE_TYPE,
			      .layers = &layer,
			      .nlayers = 1,
			      .annotations = notes,
			      .nannotations = ARRAY_LEN(notes) };
	struct text_blobs blobs = { 0 };
	int rc = bundle_write(s->key, s->subject.digest, &bundle, err);

	if (rc)
		return rc;
	image_time(now);
	add_text(&blobs, bundle, SIGNATURE_BUNDLE_TYPE, &layer);
	add_text(&blobs, "{}", EMPTY_TYPE, &m.config);
	return put_referrer(s, &blobs, &m, SIGNATURE_BUNDLE_TYPE, err);
}

int remote_sign(const char *name, const struct key *key, enum signature_form form,
		const struct remote_opts *opts, char ret_digest[DIGEST_ROOM], struct err *err)
{
	static int (*const forms[])(struct signing * s, struct err * err) = {
		[SIGN_TAG] = sign_tag,
		[SIGN_REFERRER] = sign_referrer,
		[SIGN_BUNDLE] = sign_bundle,
	};
	_cleanup_(signing_release) struct signing s = { .key = key };
	int rc = ref_parse(name, &s.ref, err);

	if (rc == 0)
		rc = registry_open(&s.registry, s.ref.host, &opts->registry, err);
	if (rc == 0)
		rc = registry_get(s.registry, s.ref.repository, ref_version(&s.ref), &s.subject,
				  err);
	if (rc == 0)
		rc = forms[form](&s, err);
	if (rc == 0)
		memcpy(ret_digest, s.subject.digest, DIGEST_ROOM);
	return rc;
}
