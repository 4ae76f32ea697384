// SPDX-License-Identifier: Apache-2.0
#include "oci/format/image_index.h"

#include <errno.h>
#include <sys/utsname.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "oci/format/descriptor.h"

#define MAX_LIST_BYTES 400

bool media_is_index(const char *media_type)
{
	return streq(media_type, MEDIA_INDEX) || streq(media_type, MEDIA_DOCKER_INDEX);
}

bool media_is_manifest(const char *media_type)
{
	return streq(media_type, MEDIA_MANIFEST) || streq(media_type, MEDIA_DOCKER_MANIFEST);
}

#define MAX_PARTS 3 /* os/architecture/variant */

/* --- platforms ------------------------------------------------------------------------------- */

static const struct {
	const char *machine, *arch;
} machines[] = {
	{ "x86_64", "amd64" },	  { "aarch64", "arm64" },	{ "armv7l", "arm" },
	{ "i686", "386" },	  { "loongarch64", "loong64" }, { "ppc64le", "ppc64le" },
	{ "riscv64", "riscv64" }, { "s390x", "s390x" },
};

/* The architecture of "os/arch/variant" in OCI's spelling; *ret_len without what follows. */
static const char *arch_of(const char *platform, size_t *ret_len)
{
	const char *slash = strchr(platform, '/'), *arch = slash ? slash + 1 : platform;
	size_t len = strcspn(arch, "/");

	*ret_len = len;
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (strlen(machines[i].machine) == len && !memcmp(machines[i].machine, arch, len)) {
			*ret_len = strlen(machines[i].arch);
			return machines[i].arch;
		}
	return arch;
}

static const char *variant_of(const char *platform)
{
	const char *slash = strchr(platform, '/');

	slash = slash ? strchr(slash + 1, '/') : NULL;
	return slash ? slash + 1 : NULL;
}

char *platform_here(void)
{
	struct utsname uts = { 0 };
	size_t len = 0;
	const char *arch;

	uname(&uts);
	arch = arch_of(uts.machine, &len);
	return xasprintf("linux/%.*s", (int)len, arch);
}

int platform_check(const char *platform, struct err *err)
{
	const char *at = platform;

	for (int parts = 1; at; parts++) {
		size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_.-");

		if (!len || parts > MAX_PARTS || (at[len] && at[len] != '/')) {
			err_hint(err, "such as linux/arm64, linux/arm/v7 or arm64");
			return err_usage(err, "'%s' is no platform", platform);
		}
		at = at[len] ? at + len + 1 : NULL;
	}
	return 0;
}

bool platform_fits(const char *have, const char *want)
{
	size_t have_len, want_len, os = strcspn(want, "/");
	const char *have_arch = arch_of(have, &have_len), *want_arch = arch_of(want, &want_len);
	const char *have_variant = variant_of(have), *want_variant = variant_of(want);

	/* "arm64" alone is short for linux. */
	if (want[os] ? strncmp(have, want, os + 1) != 0 : !has_prefix(have, "linux/"))
		return false;
	if (have_len != want_len || memcmp(have_arch, want_arch, have_len) != 0)
		return false;
	return !have_variant || !want_variant || streq(have_variant, want_variant);
}

/* --- indexes --------------------------------------------------------------------------------- */

static int check_type(const json_t *json, const char *expected, const char **ret, struct err *err)
{
	int rc = json_get_text(json, "mediaType", ret, err);

	if (rc)
		return rc;
	if (json_integer_value(json_object_get(json, "schemaVersion")) != 2)
		return err_set(err, EBADMSG, "its schemaVersion is not 2");
	if (json_object_get(json, "layers") || json_object_get(json, "config") ||
	    json_object_get(json, "fsLayers"))
		return err_set(err, EBADMSG, "it is not clear whether it is an index");
	if (*ret && expected && !streq(*ret, expected))
		return err_set(err, EBADMSG, "its media type is '%s', but '%s' was announced", *ret,
			       expected);
	return 0;
}

/* Attestations are listed as images for the platform "unknown/unknown". */
bool image_index_is_image(const struct descriptor *desc)
{
	return media_is_manifest(desc->media_type) &&
	       !(desc->platform && has_prefix(desc->platform, "unknown/"));
}

static int parse(const json_t *json, const char *expected, struct image_index *images,
		 struct err *err)
{
	json_t *list = json_object_get(json, "manifests"), *item;
	const char *media_type = NULL;
	size_t i;
	int rc = check_type(json, expected, &media_type, err);

	if (rc)
		return rc;
	if (!json_is_array(list) || json_array_size(list) > IMAGE_INDEX_MAX_MANIFESTS)
		return err_set(err, EBADMSG, "it has no manifests, or more than %d",
			       IMAGE_INDEX_MAX_MANIFESTS);
	images->media_type = arena_strdup(&images->arena, media_type);
	images->manifests =
		arena_array(&images->arena, struct descriptor, json_array_size(list) + 1);
	json_array_foreach(list, i, item)
	{
		struct descriptor *desc = &images->manifests[images->nmanifests];

		rc = descriptor_parse(item, &images->arena, desc, err);
		if (rc) {
			err_wrap(err, "manifest %zu", i);
			return rc;
		}
		images->nmanifests++;
	}
	return annotations_parse(json, &images->arena, &images->annotations, &images->nannotations,
				 err);
}

int image_index_parse(const void *bytes, size_t len, const char *expected, struct image_index *ret,
		      struct err *err)
{
	_cleanup_(image_index_release) struct image_index images = { 0 };
	_cleanup_json_ json_t *json = NULL;
	int rc = json_parse("the index", bytes, len, &json, err);

	if (rc)
		return rc;
	rc = parse(json, expected, &images, err);
	if (rc) {
		err_wrap(err, "the index is refused");
		return rc;
	}
	*ret = images;
	images = (struct image_index){ 0 };
	return 0;
}

void image_index_release(struct image_index *images)
{
	arena_release(&images->arena);
	*images = (struct image_index){ 0 };
}

int image_index_write(const struct image_index *images, char **ret, struct err *err)
{
	_cleanup_json_ json_t *json = json_object();
	json_t *list = json_array(), *item;
	int rc = 0;

	json_object_set_new(json, "schemaVersion", json_integer(2));
	json_object_set_new(json, "mediaType", json_string(MEDIA_INDEX));
	json_object_set_new(json, "manifests", list);
	for (size_t i = 0; rc == 0 && i < images->nmanifests; i++) {
		rc = descriptor_json(&images->manifests[i], &item, err);
		if (rc == 0)
			json_array_append_new(list, item);
	}
	if (rc == 0)
		rc = annotations_add(json, images->annotations, images->nannotations, err);
	if (rc == 0)
		*ret = json_text(json);
	return rc;
}

char *image_index_platforms(const struct image_index *images)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(MAX_LIST_BYTES);

	for (size_t i = 0; i < images->nmanifests; i++) {
		const char *platform = images->manifests[i].platform;

		if (!image_index_is_image(&images->manifests[i]))
			continue;
		strbuf_addf(&text, "%s%s", text.len ? "," : "", platform ? platform : "any");
	}
	return xstrdup(strbuf_str(&text));
}

int image_index_choose(const struct image_index *images, const char *platform,
		       const struct descriptor **ret, struct err *err)
{
	_cleanup_free_ char *here = platform ? NULL : platform_here(), *all = NULL;
	const char *want = platform ? platform : here;

	for (size_t i = 0; i < images->nmanifests; i++)
		if (image_index_is_image(&images->manifests[i]) && images->manifests[i].platform &&
		    platform_fits(images->manifests[i].platform, want)) {
			*ret = &images->manifests[i];
			return 0;
		}
	/* One that names no platform is for any. */
	for (size_t i = 0; i < images->nmanifests; i++)
		if (image_index_is_image(&images->manifests[i]) && !images->manifests[i].platform) {
			*ret = &images->manifests[i];
			return 0;
		}
	all = image_index_platforms(images);
	err_hint(err, "it is there for: %s", *all ? all : "no platform");
	return err_set(err, ENOENT, "it is not there for %s", want);
}
