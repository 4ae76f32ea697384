// SPDX-License-Identifier: Apache-2.0
#include "oci/format/descriptor.h"

#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/format/digest.h"

int annotations_parse(const json_t *owner, struct arena *arena, const struct image_pair **ret,
		      size_t *ret_count, struct err *err)
{
	json_t *json = json_object_get(owner, "annotations"), *value;
	struct image_pair *pairs;
	const char *name;
	size_t count = 0;

	if (json && !json_is_object(json) && !json_is_null(json))
		return err_set(err, EBADMSG, "'annotations' is not an object");
	pairs = arena_array(arena, struct image_pair, json_object_size(json) + 1);
	json_object_foreach(json, name, value)
	{
		if (!json_is_string(value))
			return err_set(err, EBADMSG, "annotation '%s' is not a text", name);
		pairs[count++] = (struct image_pair){
			arena_strdup(arena, name),
			arena_strdup(arena, json_string_value(value)),
		};
	}
	*ret = pairs;
	*ret_count = count;
	return 0;
}

const char *annotation_get(const struct image_pair *pairs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (streq(pairs[i].name, name))
			return pairs[i].value;
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct image_pair *const *pa = a, *const *pb = b;
	int order = strcmp((*pa)->name, (*pb)->name);

	/* The same name twice: in the order given, so that the last one counts. */
	return order ? order : (*pa > *pb) - (*pa < *pb);
}

int annotations_add(json_t *owner, const struct image_pair *pairs, size_t count, struct err *err)
{
	_cleanup_free_ const struct image_pair **sorted = xcalloc(count + 1, sizeof(void *));
	json_t *json;

	if (!count)
		return 0;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &pairs[i];
	qsort(sorted, count, sizeof(void *), by_name);
	json = json_object();
	json_object_set_new(owner, "annotations", json);
	for (size_t i = 0; i < count; i++)
		if (json_object_set_new(json, sorted[i]->name, json_string(sorted[i]->value)) < 0)
			return err_set(err, EILSEQ, "annotation '%s' is not UTF-8",
				       sorted[i]->name);
	return 0;
}

/* {"architecture":"arm64","os":"linux","variant":"v8"} as "linux/arm64/v8" */
static int platform_parse(const json_t *owner, struct arena *arena, const char **ret,
			  struct err *err)
{
	const json_t *json = json_object_get(owner, "platform");
	const char *os = NULL, *arch = NULL, *variant = NULL;
	int rc = 0;

	*ret = NULL;
	if (!json || json_is_null(json))
		return 0;
	if (!json_is_object(json))
		return err_set(err, EBADMSG, "'platform' is not an object");
	rc = json_get_text(json, "os", &os, err);
	if (rc == 0)
		rc = json_get_text(json, "architecture", &arch, err);
	if (rc == 0)
		rc = json_get_text(json, "variant", &variant, err);
	if (rc)
		return rc;
	if (os && arch)
		*ret = arena_printf(arena, "%s/%s%s%s", os, arch, variant ? "/" : "",
				    variant ? variant : "");
	return 0;
}

int platform_add(json_t *owner, const char *platform, struct err *err)
{
	_cleanup_free_ char *copy = xstrdup(platform);
	char *save = NULL, *os = strtok_r(copy, "/", &save), *arch = strtok_r(NULL, "/", &save),
	     *variant = strtok_r(NULL, "/", &save);

	if (!os || !arch || strtok_r(NULL, "/", &save))
		return err_usage(err, "platform '%s' is not of the form linux/amd64", platform);
	if (json_object_set_new(owner, "architecture", json_string(arch)) < 0 ||
	    json_object_set_new(owner, "os", json_string(os)) < 0 ||
	    (variant && json_object_set_new(owner, "variant", json_string(variant)) < 0))
		return err_set(err, EILSEQ, "the platform is not UTF-8");
	return 0;
}

int descriptor_parse(const json_t *json, struct arena *arena, struct descriptor *ret,
		     struct err *err)
{
	struct descriptor desc = { 0 };
	const char *media_type = NULL, *digest = NULL;
	int rc;

	if (!json_is_object(json))
		return err_set(err, EBADMSG, "a descriptor is missing");
	rc = json_get_text(json, "mediaType", &media_type, err);
	if (rc == 0)
		rc = json_get_text(json, "digest", &digest, err);
	if (rc == 0 && (!digest || !digest_valid(digest)))
		rc = err_set(err, EBADMSG, "a digest is not of the form sha256:<64 hex digits>");
	if (rc == 0)
		rc = json_get_size(json, "size", &desc.size_bytes, err);
	if (rc == 0)
		rc = platform_parse(json, arena, &desc.platform, err);
	if (rc == 0)
		rc = annotations_parse(json, arena, &desc.annotations, &desc.nannotations, err);
	if (rc)
		return rc;
	desc.media_type = arena_strdup(arena, media_type ? media_type : "");
	desc.digest = arena_strdup(arena, digest);
	*ret = desc;
	return 0;
}

int descriptor_json(const struct descriptor *desc, json_t **ret, struct err *err)
{
	_cleanup_json_ json_t *json = json_object();
	json_t *platform;
	int rc = 0;

	json_object_set_new(json, "mediaType", json_string(desc->media_type));
	json_object_set_new(json, "digest", json_string(desc->digest));
	json_object_set_new(json, "size", json_integer((json_int_t)desc->size_bytes));
	if (desc->platform) {
		platform = json_object();
		json_object_set_new(json, "platform", platform);
		rc = platform_add(platform, desc->platform, err);
	}
	if (rc == 0)
		rc = annotations_add(json, desc->annotations, desc->nannotations, err);
	if (rc == 0)
		*ret = steal_ptr(&json);
	return rc;
}
