// SPDX-License-Identifier: Apache-2.0
/* Programs become images of the store. */
#include "oci/image.h"

#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/util.h"
#include "oci/format/image_index.h"
#include "oci/format/ref.h"
#include "oci/image_internal.h"

#define CONFIG_TITLE "config.json"

int image_check_name(const char *name, struct err *err)
{
	if (has_prefix(name, DIGEST_PREFIX))
		return err_usage(err, "'%s' would be taken for a digest", name);
	if (ref_name_valid(name))
		return 0;
	err_hint(err, "letters, digits and . _ - / : @ +, beginning with a letter or digit");
	return err_usage(err, "'%s' cannot be the name of an image", name);
}

static int put_config(struct store *store, const char *platform, struct descriptor *ret,
		      char digest[DIGEST_ROOM], struct err *err)
{
	static const struct image_pair title = { NOTE_TITLE, CONFIG_TITLE };
	_cleanup_free_ char *text = NULL;
	int rc = config_write(platform, &text, err);

	if (rc)
		return rc;
	*ret = (struct descriptor){ MEDIA_EBPF_CONFIG, digest, strlen(text), NULL, &title, 1 };
	return store_put_blob(store, text, strlen(text), digest, err);
}

static int put_layer(struct store *store, const char *media_type, const char *title,
		     const void *bytes, size_t len, struct image_pair *note,
		     char digest[DIGEST_ROOM], struct descriptor *ret, struct err *err)
{
	*note = (struct image_pair){ NOTE_TITLE, title };
	*ret = (struct descriptor){ media_type, digest, len, NULL, note, 1 };
	return store_put_blob(store, bytes, len, digest, err);
}

static int put_layers(struct store *store, const struct image_build *build, struct manifest *m,
		      struct image_pair *notes, char (*digests)[DIGEST_ROOM], struct err *err)
{
	int rc = put_layer(store, MEDIA_EBPF_PROGRAM, TITLE_EBPF_PROGRAM, build->program,
			   build->program_bytes, notes, digests[0], m->layers, err);

	for (m->nlayers = 1; rc == 0 && m->nlayers <= build->nfiles; m->nlayers++) {
		const struct image_file *file = &build->files[m->nlayers - 1];
		size_t i = m->nlayers;

		rc = put_layer(store, file->media_type, file->title, file->bytes, file->len,
			       &notes[i], digests[i], &m->layers[i], err);
	}
	return rc;
}

static int put_manifest(struct store *store, const struct image_build *build,
			struct descriptor *ret, char digest[DIGEST_ROOM], struct err *err)
{
	_cleanup_free_ struct image_pair *notes = xcalloc(build->nfiles + 1, sizeof(*notes));
	_cleanup_free_ char(*digests)[DIGEST_ROOM] = xcalloc(build->nfiles + 1, sizeof(*digests));
	_cleanup_free_ struct descriptor *layers = xcalloc(build->nfiles + 1, sizeof(*layers));
	_cleanup_free_ char *text = NULL;
	char config[DIGEST_ROOM];
	struct manifest m = {
		.media_type = MEDIA_MANIFEST,
		.layers = layers,
		.annotations = build->annotations,
		.nannotations = build->nannotations,
	};
	int rc = put_config(store, build->platform, &m.config, config, err);

	if (rc == 0)
		rc = put_layers(store, build, &m, notes, digests, err);
	if (rc == 0)
		rc = manifest_write(&m, &text, err);
	if (rc || !text)
		return rc;
	*ret = (struct descriptor){ MEDIA_MANIFEST, digest, strlen(text), build->platform };
	return store_put_blob(store, text, strlen(text), digest, err);
}

void image_time(char ret[RFC3339_SECONDS_ROOM])
{
	format_rfc3339_seconds(now_real_ns() / 1000000000, ret);
}

int image_put_name(struct store *store, const char *name, const struct descriptor *desc,
		   const char *created, struct err *err)
{
	struct image_pair note = { NOTE_CREATED, created };
	struct descriptor named = *desc;
	int rc;

	if (created) {
		named.annotations = &note;
		named.nannotations = 1;
	}
	rc = index_put(store_index(store), name, &named, err);
	return rc < 0 ? rc : store_commit(store, err);
}

struct saving {
	struct descriptor *list;
	char (*digests)[DIGEST_ROOM];
};

static void saving_release(struct saving *s)
{
	free(s->list);
	free(s->digests);
}

/* The index says again what all of its images say. */
static int put_index(struct store *store, const struct saving *s, size_t count,
		     const struct image_build *first, struct descriptor *ret,
		     char digest[DIGEST_ROOM], struct err *err)
{
	struct image_index images = {
		.manifests = s->list,
		.nmanifests = count,
		.annotations = first->annotations,
		.nannotations = first->nannotations,
	};
	_cleanup_free_ char *text = NULL;
	int rc = image_index_write(&images, &text, err);

	if (rc || !text)
		return rc;
	*ret = (struct descriptor){ MEDIA_INDEX, digest, strlen(text) };
	return store_put_blob(store, text, strlen(text), digest, err);
}

static int put_builds(struct store *store, const struct image_build *builds, size_t count,
		      struct descriptor *ret, char digest[DIGEST_ROOM], struct err *err)
{
	_cleanup_(saving_release) struct saving s = {
		xcalloc(count + 1, sizeof(*s.list)),
		xcalloc(count + 1, sizeof(*s.digests)),
	};
	int rc = 0;

	if (count == 1)
		return put_manifest(store, builds, ret, digest, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = put_manifest(store, &builds[i], &s.list[i], s.digests[i], err);
	return rc < 0 ? rc : put_index(store, &s, count, builds, ret, digest, err);
}

static bool has_time(const struct image_build *build)
{
	for (size_t i = 0; i < build->nannotations; i++)
		if (streq(build->annotations[i].name, NOTE_CREATED))
			return true;
	return false;
}

int image_save(const char *path, const char *name, const struct image_build *build,
	       char ret_digest[72], struct err *err)
{
	return image_save_all(path, name, build, 1, ret_digest, err);
}

int image_save_all(const char *path, const char *name, const struct image_build *builds,
		   size_t count, char ret_digest[72], struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	char created[RFC3339_SECONDS_ROOM], digest[DIGEST_ROOM];
	struct descriptor desc;
	int rc = image_check_name(name, err);

	for (size_t i = 0; rc == 0 && i < count; i++)
		if (builds[i].program_bytes > IMAGE_MAX_PROGRAM_BYTES)
			rc = err_set(err, EFBIG, "the program is larger than %u MiB",
				     IMAGE_MAX_PROGRAM_BYTES >> 20);
	if (rc == 0)
		rc = store_open_write(&store, path, err);
	if (rc == 0)
		rc = put_builds(store, builds, count, &desc, digest, err);
	if (rc)
		return rc;
	/* The time stands beside the name, not in the manifest, so that the digest does not depend
	 * on it. A build with a time of its own needs no other. */
	image_time(created);
	rc = image_put_name(store, name, &desc, has_time(builds) ? NULL : created, err);
	if (rc == 0)
		memcpy(ret_digest, digest, sizeof(digest));
	return rc;
}
