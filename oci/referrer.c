// SPDX-License-Identifier: Apache-2.0
#include "oci/referrer.h"

#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/format/descriptor.h"
#include "oci/format/digest.h"
#include "oci/format/json.h"
#include "oci/registry/registry.h"

/* If there is no index, *ret is one without entries. */
static int read_index(struct registry *registry, const char *repository, const char *tag,
		      json_t **ret, struct err *err)
{
	_cleanup_(document_release) struct document there = { 0 };
	int rc = registry_get(registry, repository, tag, &there, err);

	if (rc == 0)
		return json_parse("the index of referrers", there.bytes, there.len, ret, err);
	if (rc != -ENOENT)
		return rc;
	*ret = json_pack("{sisss[]}", "schemaVersion", 2, "mediaType", MEDIA_INDEX, "manifests");
	return 0;
}

static bool lists(const json_t *list, const char *digest)
{
	json_t *part;
	size_t i;

	json_array_foreach(list, i, part)
	{
		const char *text = json_string_value(json_object_get(part, "digest"));

		if (text && streq(text, digest))
			return true;
	}
	return false;
}

static int add_to_index(struct registry *registry, const char *repository, const char *subject,
			const struct descriptor *desc, const char *artifact_type, struct err *err)
{
	_cleanup_free_ char *tag = xasprintf("sha256-%s", digest_hex(subject));
	_cleanup_(document_release) struct document doc = { 0 };
	_cleanup_json_ json_t *json = NULL;
	json_t *part = NULL, *list;
	int rc = read_index(registry, repository, tag, &json, err);

	list = json_object_get(json, "manifests");
	if (rc < 0 || lists(list, desc->digest))
		return rc;
	rc = descriptor_json(desc, &part, err);
	if (rc < 0)
		return rc;
	json_object_set_new(part, "artifactType", json_string(artifact_type));
	if (json_array_append_new(list, part) < 0)
		return err_set(err, EBADMSG, "the tag %s is not an index of referrers", tag);
	doc.bytes = json_text(json);
	doc.len = strlen(doc.bytes);
	doc.media_type = xstrdup(MEDIA_INDEX);
	digest_of(doc.bytes, doc.len, doc.digest);
	return registry_put(registry, repository, tag, &doc, err);
}

int referrer_announce(struct registry *registry, const char *repository, const char *subject,
		      const struct descriptor *desc, const char *artifact_type, struct err *err)
{
	_cleanup_(document_release) struct document referrers = { 0 };
	int rc = registry_referrers(registry, repository, subject, &referrers, err);

	return rc == 1 ? add_to_index(registry, repository, subject, desc, artifact_type, err) : rc;
}
