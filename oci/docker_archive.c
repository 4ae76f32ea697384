// SPDX-License-Identifier: Apache-2.0
#include "oci/docker_archive.h"

#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/archive.h"
#include "oci/format/digest.h"
#include "oci/image.h"
#include "oci/format/index.h"
#include "oci/format/json.h"
#include "oci/format/manifest.h"

#define MANIFEST_FILE "manifest.json"
#define MEDIA_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_TAR "application/vnd.oci.image.layer.v1.tar"
#define READ_BYTES (128u << 10)
#define MAX_IMAGES 256

struct member {
	char *name;
	char digest[DIGEST_ROOM];
	uint64_t size_bytes;
	bool wanted, loaded;
};

struct docker {
	struct loading *loading;
	struct member *members;
	size_t nmembers;
	json_t *list; /* manifest.json's content, under "images" */
	struct load_documents documents;
};

static void docker_release(struct docker *d)
{
	for (size_t i = 0; i < d->nmembers; i++)
		free(d->members[i].name);
	free(d->members);
	json_decref(d->list);
	load_documents_release(&d->documents);
}

void load_documents_release(struct load_documents *documents)
{
	for (size_t i = 0; i < documents->count; i++)
		free(documents->texts[i]);
	free(documents->texts);
	*documents = (struct load_documents){ 0 };
}

/* A list, where json_parse() takes objects only: it is wrapped in one. */
static int read_list(struct docker *d, struct archive_reader *reader, uint64_t size_bytes,
		     struct err *err)
{
	static const char open[] = "{\"images\":";
	_cleanup_free_ char *text = NULL;
	size_t len = strlen(open);
	long n = 1;

	if (d->list || size_bytes > JSON_MAX_BYTES / 2)
		return err_set(err, EBADMSG,
			       "a second " MANIFEST_FILE ", or one that is too large");
	text = xcalloc(1, len + size_bytes + 2);
	memcpy(text, open, len);
	while (n > 0 && len < strlen(open) + size_bytes) {
		n = archive_read(reader, text + len, strlen(open) + size_bytes - len, err);
		if (n < 0)
			return (int)n;
		len += (size_t)n;
	}
	text[len++] = '}';
	return json_parse(MANIFEST_FILE, text, len, &d->list, err);
}

static int on_first(void *ctx, struct archive_reader *reader, const struct archive_item *item,
		    struct err *err)
{
	struct docker *d = ctx;
	const char *name = item->name;
	_cleanup_free_ void *bytes = NULL;
	struct member *m;
	struct hasher *hasher;
	long n;

	if (item->kind != ARCHIVE_FILE)
		return 0;
	if (streq(name, MANIFEST_FILE))
		return read_list(d, reader, item->size_bytes, err);
	bytes = xmalloc(READ_BYTES);
	d->members = xreallocarray(d->members, d->nmembers + 1, sizeof(*d->members));
	m = &d->members[d->nmembers++];
	*m = (struct member){ .name = xstrdup(name), .size_bytes = item->size_bytes };
	hasher = hasher_new();
	while ((n = archive_read(reader, bytes, READ_BYTES, err)) > 0)
		hasher_add(hasher, bytes, (size_t)n);
	hasher_end(hasher, m->digest);
	hasher_free(hasher);
	return (int)n;
}

static int on_second(void *ctx, struct archive_reader *reader, const struct archive_item *item,
		     struct err *err)
{
	struct docker *d = ctx;

	for (size_t i = 0; item->kind == ARCHIVE_FILE && i < d->nmembers; i++) {
		struct member *m = &d->members[i];

		if (!m->wanted || m->loaded || !streq(m->name, item->name))
			continue;
		/* The same content under another name is there already. */
		for (size_t k = 0; k < d->nmembers; k++)
			m->loaded = m->loaded || (d->members[k].loaded &&
						  streq(d->members[k].digest, m->digest));
		if (m->loaded)
			return 0;
		m->loaded = true;
		return load_blob(d->loading, reader, m->digest, item->size_bytes, err);
	}
	return 0;
}

static int want(struct docker *d, const json_t *name, const char *media_type,
		struct descriptor *ret, struct err *err)
{
	const char *text = json_string_value(name);

	for (size_t i = 0; text && i < d->nmembers; i++) {
		struct member *m = &d->members[i];

		if (!streq(m->name, text))
			continue;
		m->wanted = true;
		*ret = (struct descriptor){ media_type, m->digest, m->size_bytes };
		return 0;
	}
	return err_set(err, EBADMSG, MANIFEST_FILE " names '%s', which is not in the archive",
		       text ? text : "?");
}

static int make_manifest(struct docker *d, const json_t *image, char **ret, struct err *err)
{
	json_t *layers = json_object_get(image, "Layers"), *layer;
	struct descriptor *list;
	struct manifest m = { .media_type = MEDIA_MANIFEST };
	size_t i;
	int rc = want(d, json_object_get(image, "Config"), MEDIA_CONFIG, &m.config, err);

	if (rc < 0)
		return rc;
	if (json_array_size(layers) > MANIFEST_MAX_LAYERS)
		return err_set(err, EBADMSG, "an image with more than %d layers",
			       MANIFEST_MAX_LAYERS);
	m.layers = list = xcalloc(json_array_size(layers) + 1, sizeof(*list));
	json_array_foreach(layers, i, layer)
	{
		if (rc == 0)
			rc = want(d, layer, MEDIA_TAR, &list[m.nlayers++], err);
	}
	if (rc == 0)
		rc = manifest_write(&m, ret, err);
	free(list);
	return rc;
}

static int add_image(struct docker *d, const json_t *image, struct err *err)
{
	json_t *tags = json_object_get(image, "RepoTags"), *tag;
	char digest[DIGEST_ROOM];
	struct descriptor desc = { MEDIA_MANIFEST, digest };
	char *text = NULL;
	size_t i;
	int rc = make_manifest(d, image, &text, err);

	if (rc < 0 || !text)
		return rc;
	d->documents.texts = xreallocarray(d->documents.texts, d->documents.count + 1,
					   sizeof(*d->documents.texts));
	d->documents.texts[d->documents.count++] = text;
	desc.size_bytes = strlen(text);
	digest_of(text, strlen(text), digest);
	json_array_foreach(tags, i, tag)
	{
		if (rc == 0 && json_is_string(tag))
			rc = index_put(d->loading->index, json_string_value(tag), &desc, err);
	}
	return rc;
}

int load_docker(struct loading *l, int fd, struct load_documents *ret, struct err *err)
{
	_cleanup_(docker_release) struct docker d = { .loading = l };
	json_t *images, *image;
	size_t i;
	int rc = lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;

	if (rc < 0)
		return err_sys(err, -rc, "the archive");
	rc = archive_walk(fd, on_first, &d, err);
	if (rc == 0)
		rc = index_parse(NULL, 0, &l->index, err);
	images = json_object_get(d.list, "images");
	if (rc == 0 && json_array_size(images) > MAX_IMAGES)
		rc = err_set(err, EBADMSG, "it holds more than %d images", MAX_IMAGES);
	json_array_foreach(images, i, image)
	{
		if (rc == 0)
			rc = add_image(&d, image, err);
	}
	if (rc == 0)
		rc = lseek(fd, 0, SEEK_SET) < 0 ? err_sys(err, errno, "the archive")
						: archive_walk(fd, on_second, &d, err);
	if (rc < 0)
		return rc;
	*ret = d.documents;
	d.documents = (struct load_documents){ 0 };
	return 0;
}
