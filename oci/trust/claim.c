// SPDX-License-Identifier: Apache-2.0
#include "oci/trust/claim.h"

#include <errno.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/util.h"
#include "oci/format/json.h"
#include "oci/trust/key.h"

#define CLAIM_TYPE "cosign container image signature"
#define PAYLOAD_TYPE "application/vnd.in-toto+json"
#define BUNDLE_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define PREDICATE_TYPE "https://sigstore.dev/cosign/sign/v1"
#define MAX_SIGNATURES 16

void claim_release(struct claim *claim)
{
	free(claim->reference);
	*claim = (struct claim){ 0 };
}

char *claim_write(const char *reference, const char *digest)
{
	_cleanup_json_ json_t *json = json_pack(
		"{s{s{ss}s{ss}ss}sn}", "critical", "identity", "docker-reference", reference,
		"image", "docker-manifest-digest", digest, "type", CLAIM_TYPE, "optional");

	return json_text(json);
}

static const char *text_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int set_digest(struct claim *ret, const char *digest, struct err *err)
{
	if (!digest || !digest_valid(digest))
		return err_set(err, EBADMSG, "the signed statement names no digest");
	memcpy(ret->digest, digest, strlen(digest) + 1);
	return 0;
}

int claim_read(const void *bytes, size_t len, struct claim *ret, struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	const json_t *critical;
	const char *type, *reference;
	int rc = json_parse("the signed statement", bytes, len, &json, err);

	if (rc < 0)
		return rc;
	critical = json_object_get(json, "critical");
	type = text_at(critical, "type");
	reference = text_at(json_object_get(critical, "identity"), "docker-reference");
	if (!type || !streq(type, CLAIM_TYPE))
		return err_set(err, EBADMSG, "the signed statement is not about an image");
	rc = set_digest(ret, text_at(json_object_get(critical, "image"), "docker-manifest-digest"),
			err);
	if (rc == 0)
		ret->reference = xstrdup(reference ? reference : "");
	return rc;
}

/* --- bundles --------------------------------------------------------------------------------- */

void envelope_release(struct envelope *e)
{
	for (size_t i = 0; i < e->nsignatures; i++)
		free(e->signatures[i].bytes);
	free(e->signatures);
	free(e->signed_bytes);
	free(e->payload);
	*e = (struct envelope){ 0 };
}

static void *decode(const char *text, size_t *ret_len)
{
	_cleanup_free_ char *bytes = text ? xcalloc(1, strlen(text) + 1) : NULL;

	return bytes && base64_decode(bytes, strlen(text), text, ret_len) == 0 ? steal_ptr(&bytes)
									       : NULL;
}

static void encode_signed(struct envelope *e, const void *payload, size_t len)
{
	_cleanup_free_ char *head =
		xasprintf("DSSEv1 %zu %s %zu ", strlen(PAYLOAD_TYPE), PAYLOAD_TYPE, len);
	size_t head_len = strlen(head);

	e->signed_len = head_len + len;
	e->signed_bytes = xmalloc(e->signed_len);
	memcpy(e->signed_bytes, head, head_len);
	memcpy((char *)e->signed_bytes + head_len, payload, len);
}

static int read_signatures(const json_t *list, struct envelope *e, struct err *err)
{
	const json_t *one;
	size_t i;

	if (json_array_size(list) > MAX_SIGNATURES)
		return err_set(err, EBADMSG, "the bundle has more than %d signatures",
			       MAX_SIGNATURES);
	e->signatures = xcalloc(json_array_size(list) + 1, sizeof(*e->signatures));
	json_array_foreach(list, i, one)
	{
		struct envelope_signature *s = &e->signatures[e->nsignatures];

		s->bytes = decode(text_at(one, "sig"), &s->len);
		e->nsignatures += s->bytes != NULL;
	}
	return 0;
}

int envelope_read(const void *bundle, size_t len, struct envelope *ret, struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	const json_t *dsse;
	const char *type;
	int rc = json_parse("the bundle", bundle, len, &json, err);

	if (rc < 0)
		return rc;
	dsse = json_object_get(json, "dsseEnvelope");
	type = text_at(dsse, "payloadType");
	if (!type || !streq(type, PAYLOAD_TYPE))
		return err_set(err, EBADMSG, "the bundle has no in-toto statement");
	ret->payload = decode(text_at(dsse, "payload"), &ret->payload_len);
	if (!ret->payload)
		return err_set(err, EBADMSG, "the bundle's payload is not base64");
	encode_signed(ret, ret->payload, ret->payload_len);
	return read_signatures(json_object_get(dsse, "signatures"), ret, err);
}

int envelope_claim(const struct envelope *e, struct claim *ret, struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	_cleanup_free_ char *digest = NULL;
	const json_t *subjects;
	const char *predicate, *hex;
	int rc = json_parse("the signed statement", e->payload, e->payload_len, &json, err);

	if (rc < 0)
		return rc;
	predicate = text_at(json, "predicateType");
	subjects = json_object_get(json, "subject");
	if (!predicate || !streq(predicate, PREDICATE_TYPE) || json_array_size(subjects) != 1)
		return err_set(err, EBADMSG, "the signed statement is not about an image");
	hex = text_at(json_object_get(json_array_get(subjects, 0), "digest"), "sha256");
	digest = xasprintf(DIGEST_PREFIX "%s", hex ? hex : "");
	return set_digest(ret, digest, err);
}

static json_t *bytes_json(const void *bytes, size_t len)
{
	_cleanup_free_ char *text = xmalloc(BASE64_ROOM(len) + 1);

	return json_stringn(text, base64_encode(text, bytes, len));
}

int bundle_write(const struct key *key, const char *digest, char **ret, struct err *err)
{
	_cleanup_json_ json_t *statement =
		json_pack("{sss[{s{ss}}]sss{}}", "_type", "https://in-toto.io/Statement/v1",
			  "subject", "digest", "sha256", digest_hex(digest), "predicateType",
			  PREDICATE_TYPE, "predicate");
	_cleanup_free_ char *payload = json_text(statement);
	_cleanup_(envelope_release) struct envelope e = { 0 };
	_cleanup_free_ void *signature = NULL;
	_cleanup_json_ json_t *json = NULL;
	unsigned char id[32];
	size_t len = 0;
	int rc;

	encode_signed(&e, payload, strlen(payload));
	rc = key_sign(key, e.signed_bytes, e.signed_len, &signature, &len, err);
	if (rc < 0)
		return rc;
	key_id_bytes(key, id);
	json = json_pack("{sss{s{so}s[]}s{soss s[{so}]}}", "mediaType", BUNDLE_TYPE,
			 "verificationMaterial", "publicKey", "hint", bytes_json(id, sizeof(id)),
			 "tlogEntries", "dsseEnvelope", "payload",
			 bytes_json(payload, strlen(payload)), "payloadType", PAYLOAD_TYPE,
			 "signatures", "sig", bytes_json(signature, len));
	*ret = json_text(json);
	return 0;
}
