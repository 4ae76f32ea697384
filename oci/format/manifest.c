// SPDX-License-Identifier: Apache-2.0
#include "oci/format/manifest.h"

#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/format/descriptor.h"

/*
 * A document that reads as a manifest to one program and as an index to another can show each of
 * them a different content under one digest: its type has to be beyond doubt.
 */
static int check_type(const json_t *json, const char *expected, const char **ret, struct err *err)
{
	json_t *version = json_object_get(json, "schemaVersion");
	int rc = json_get_text(json, "mediaType", ret, err);

	if (rc)
		return rc;
	if (json_integer_value(version) != 2)
		return err_set(err, EBADMSG, "its schemaVersion is not 2");
	if (json_object_get(json, "manifests") || json_object_get(json, "fsLayers"))
		return err_set(err, EBADMSG, "it is not clear whether it is a manifest");
	if (*ret && expected && !streq(*ret, expected))
		return err_set(err, EBADMSG, "its media type is '%s', but '%s' was announced", *ret,
			       expected);
	return 0;
}

static int parse_layers(const json_t *json, struct manifest *m, struct err *err)
{
	json_t *layers = json_object_get(json, "layers"), *layer;
	size_t i;

	if (!json_is_array(layers))
		return err_set(err, EBADMSG, "it has no layers");
	if (json_array_size(layers) > MANIFEST_MAX_LAYERS)
		return err_set(err, EBADMSG, "it has more than %d layers", MANIFEST_MAX_LAYERS);
	m->layers = arena_array(&m->arena, struct descriptor, json_array_size(layers) + 1);
	json_array_foreach(layers, i, layer)
	{
		int rc = descriptor_parse(layer, &m->arena, &m->layers[m->nlayers++], err);

		if (rc < 0) {
			err_wrap(err, "layer %zu", i);
			return rc;
		}
	}
	return 0;
}

static int parse_subject(const json_t *json, struct manifest *m, struct err *err)
{
	const json_t *subject = json_object_get(json, "subject");
	int rc = 0;

	if (subject && !json_is_null(subject))
		rc = descriptor_parse(subject, &m->arena, &m->subject, err);
	if (rc < 0)
		err_wrap(err, "subject");
	return rc;
}

static int parse(const json_t *json, const char *expected, struct manifest *m, struct err *err)
{
	const char *media_type = NULL, *artifact_type = NULL;
	int rc = check_type(json, expected, &media_type, err);

	if (rc == 0)
		rc = json_get_text(json, "artifactType", &artifact_type, err);
	if (rc == 0)
		rc = parse_subject(json, m, err);

	if (rc)
		return rc;
	m->media_type = arena_strdup(&m->arena, media_type);
	m->artifact_type = arena_strdup(&m->arena, artifact_type);
	rc = descriptor_parse(json_object_get(json, "config"), &m->arena, &m->config, err);
	if (rc < 0) {
		err_wrap(err, "config");
		return rc;
	}
	rc = parse_layers(json, m, err);
	if (rc)
		return rc;
	return annotations_parse(json, &m->arena, &m->annotations, &m->nannotations, err);
}

int manifest_parse(const void *bytes, size_t len, const char *expected, struct manifest *ret,
		   struct err *err)
{
	_cleanup_(manifest_release) struct manifest m = { 0 };
	_cleanup_json_ json_t *json = NULL;
	int rc = json_parse("the manifest", bytes, len, &json, err);

	if (rc)
		return rc;
	rc = parse(json, expected, &m, err);
	if (rc < 0) {
		err_wrap(err, "the manifest is refused");
		return rc;
	}
	*ret = m;
	m = (struct manifest){ 0 };
	return 0;
}

void manifest_release(struct manifest *manifest)
{
	arena_release(&manifest->arena);
	*manifest = (struct manifest){ 0 };
}

int manifest_write(const struct manifest *m, char **ret, struct err *err)
{
	_cleanup_json_ json_t *json = json_object();
	json_t *part = NULL, *layers = json_array();
	int rc;

	json_object_set_new(json, "schemaVersion", json_integer(2));
	if (m->media_type)
		json_object_set_new(json, "mediaType", json_string(m->media_type));
	if (m->artifact_type)
		json_object_set_new(json, "artifactType", json_string(m->artifact_type));
	rc = descriptor_json(&m->config, &part, err);
	json_object_set_new(json, "config", rc < 0 ? NULL : part);
	json_object_set_new(json, "layers", layers);
	for (size_t i = 0; rc == 0 && i < m->nlayers; i++) {
		rc = descriptor_json(&m->layers[i], &part, err);
		json_array_append_new(layers, rc < 0 ? NULL : part);
	}
	if (rc == 0 && m->subject.digest) {
		rc = descriptor_json(&m->subject, &part, err);
		json_object_set_new(json, "subject", rc < 0 ? NULL : part);
	}
	if (rc == 0)
		rc = annotations_add(json, m->annotations, m->nannotations, err);
	if (rc == 0)
		*ret = json_text(json);
	return rc;
}

int config_write(const char *platform, char **ret, struct err *err)
{
	_cleanup_json_ json_t *json = json_object();
	int rc = platform ? platform_add(json, platform, err) : 0;

	if (rc == 0)
		*ret = json_text(json);
	return rc;
}
