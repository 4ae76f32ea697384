// SPDX-License-Identifier: Apache-2.0
#include "oci/container.h"

#include <errno.h>
#include <jansson.h>
#include <sys/mman.h>

#include "base/aside.h"
#include "base/err.h"
#include "base/util.h"
#include "oci/archive.h"
#include "oci/format/descriptor.h"
#include "oci/format/image_index.h"
#include "oci/format/json.h"
#include "oci/image_internal.h"

#define MEDIA_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_LAYER "application/vnd.oci.image.layer.v1.tar"

/* --- layers ---------------------------------------------------------------------------------- */

static int compare_files(const void *a, const void *b)
{
	return strcmp((*(const struct container_file *const *)a)->path,
		      (*(const struct container_file *const *)b)->path);
}

/* Adds the parent folders of a path that the path before it does not have: "usr", "usr/bin". */
static int add_parents(struct archive_writer *writer, const char *before, const char *path,
		       struct err *err)
{
	int rc = 0;

	for (const char *slash = strchr(path, '/'); rc == 0 && slash;
	     slash = strchr(slash + 1, '/')) {
		size_t len = (size_t)(slash - path);
		_cleanup_free_ char *folder = xstrndup(path, len);

		if (strncmp(before, path, len) == 0 && (before[len] == '/' || !before[len]))
			continue;
		rc = archive_add_as(writer, folder, ARCHIVE_FOLDER, 0755, NULL, 0, err);
	}
	return rc;
}

static int write_layer(const struct container_layer *layer, int fd, struct err *err)
{
	_cleanup_free_ const struct container_file **sorted =
		xcalloc(layer->count + 1, sizeof(*sorted));
	struct archive_writer *writer = NULL;
	const char *before = "";
	int rc = archive_writer_new(fd, &writer, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < layer->count; i++)
		sorted[i] = &layer->files[i];
	qsort(sorted, layer->count, sizeof(*sorted), compare_files);
	for (size_t i = 0; rc == 0 && i < layer->count; i++) {
		const struct container_file *file = sorted[i];

		rc = add_parents(writer, before, file->path, err);
		if (rc == 0)
			rc = archive_add_as(writer, file->path,
					    file->is_folder ? ARCHIVE_FOLDER : ARCHIVE_FILE,
					    file->mode, file->link, file->len, err);
		if (rc == 0 && file->len)
			rc = archive_write_bytes(writer, file->bytes, file->len, err);
		before = file->path;
	}
	if (rc == 0)
		rc = archive_writer_end(writer, err);
	archive_writer_free(writer);
	return rc;
}

static int put_layer(struct store *store, const struct container_layer *layer,
		     char digest[DIGEST_ROOM], struct descriptor *ret, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("layer", MFD_CLOEXEC);
	_cleanup_free_ void *bytes = NULL;
	size_t len = 0;
	int rc = fd < 0 ? err_sys(err, errno, "cannot make a layer") : write_layer(layer, fd, err);

	if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
		rc = err_sys(err, errno, "cannot read a layer");
	if (rc == 0)
		rc = read_fd(fd, "the layer", 2 * (size_t)CONTAINER_MAX_BYTES, &bytes, &len, err);
	if (rc < 0)
		return rc;
	*ret = (struct descriptor){ MEDIA_LAYER, digest, len };
	return store_put_blob(store, bytes, len, digest, err);
}

/* --- configuration --------------------------------------------------------------------------- */

static void add_words(json_t *owner, const char *name, const char *const *words)
{
	json_t *list;

	if (!words || !*words)
		return;
	list = json_array();
	for (; *words; words++)
		json_array_append_new(list, json_string(*words));
	json_object_set_new(owner, name, list);
}

static int put_config(struct store *store, const struct container_config *config,
		      const struct container_build *build, const struct descriptor *layers,
		      char digest[DIGEST_ROOM], struct descriptor *ret, struct err *err)
{
	_cleanup_json_ json_t *json = json_object();
	_cleanup_free_ char *text = NULL;
	json_t *run = json_object(), *diffs = json_array(), *history = json_array();
	int rc = platform_add(json, build->platform, err);

	json_object_set_new(json, "created", json_string(config->created));
	add_words(run, "Entrypoint", config->entrypoint);
	add_words(run, "Cmd", config->arguments);
	add_words(run, "Env", config->environment);
	if (config->user)
		json_object_set_new(run, "User", json_string(config->user));
	json_object_set_new(run, "WorkingDir", json_string("/"));
	json_object_set_new(json, "config", run);
	/* The layers are not compressed: their digests are also those of their content. */
	for (size_t i = 0; i < build->nlayers; i++) {
		json_array_append_new(diffs, json_string(layers[i].digest));
		json_array_append_new(history, json_pack("{s: s, s: s}", "created", config->created,
							 "created_by", build->layers[i].about));
	}
	json_object_set_new(json, "rootfs",
			    json_pack("{s: s, s: o}", "type", "layers", "diff_ids", diffs));
	json_object_set_new(json, "history", history);
	if (rc < 0)
		return rc;
	text = json_text(json);
	*ret = (struct descriptor){ MEDIA_CONFIG, digest, strlen(text) };
	return store_put_blob(store, text, strlen(text), digest, err);
}

/* --- images ---------------------------------------------------------------------------------- */

static int put_image(struct store *store, const struct container_config *config,
		     const struct container_build *build, char digest[DIGEST_ROOM],
		     struct descriptor *ret, struct err *err)
{
	_cleanup_free_ struct descriptor *layers = xcalloc(build->nlayers + 1, sizeof(*layers));
	_cleanup_free_ char(*digests)[DIGEST_ROOM] = xcalloc(build->nlayers + 1, sizeof(*digests));
	_cleanup_free_ char *text = NULL;
	char config_digest[DIGEST_ROOM];
	struct manifest m = {
		.media_type = MEDIA_MANIFEST,
		.layers = layers,
		.nlayers = build->nlayers,
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < build->nlayers; i++)
		rc = put_layer(store, &build->layers[i], digests[i], &layers[i], err);
	if (rc == 0)
		rc = put_config(store, config, build, layers, config_digest, &m.config, err);
	if (rc == 0)
		rc = manifest_write(&m, &text, err);
	if (rc < 0)
		return rc;
	*ret = (struct descriptor){ MEDIA_MANIFEST, digest, strlen(text), build->platform };
	return store_put_blob(store, text, strlen(text), digest, err);
}

static int put_images(struct store *store, const struct container_config *config,
		      const struct container_build *builds, size_t count, char digest[DIGEST_ROOM],
		      struct descriptor *ret, struct err *err)
{
	_cleanup_free_ struct descriptor *list = xcalloc(count + 1, sizeof(*list));
	_cleanup_free_ char(*digests)[DIGEST_ROOM] = xcalloc(count + 1, sizeof(*digests));
	struct image_index images = { .manifests = list, .nmanifests = count };
	_cleanup_free_ char *text = NULL;
	int rc = 0;

	if (count == 1)
		return put_image(store, config, builds, digest, ret, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = put_image(store, config, &builds[i], digests[i], &list[i], err);
	if (rc == 0)
		rc = image_index_write(&images, &text, err);
	if (rc < 0)
		return rc;
	*ret = (struct descriptor){ MEDIA_INDEX, digest, strlen(text) };
	return store_put_blob(store, text, strlen(text), digest, err);
}

int container_save(const char *path, const char *name, const struct container_config *config,
		   const struct container_build *builds, size_t count, char ret_digest[72],
		   struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	char digest[DIGEST_ROOM];
	struct descriptor desc;
	int rc = image_check_name(name, err);

	if (rc == 0)
		rc = store_open_write(&store, path, err);
	if (rc == 0)
		rc = put_images(store, config, builds, count, digest, &desc, err);
	if (rc == 0)
		rc = image_put_name(store, name, &desc, config->created, err);
	if (rc == 0)
		memcpy(ret_digest, digest, sizeof(digest));
	return rc;
}

/* --- docker-archive -------------------------------------------------------------------------- */

static int add_blob(struct archive_writer *writer, struct store *store,
		    const struct descriptor *desc, const char *name, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	int rc = store_get_blob(store, desc->digest, desc->size_bytes,
				2 * (size_t)CONTAINER_MAX_BYTES, &bytes, err);

	if (rc == 0)
		rc = archive_add(writer, name, desc->size_bytes, err);
	return rc < 0 ? rc : archive_write_bytes(writer, bytes, desc->size_bytes, err);
}

/* manifest.json names the files of the config and of the layers. */
static int write_docker(struct store *store, const struct manifest *m, const char *tag, int fd,
			struct err *err)
{
	_cleanup_free_ char *config = xasprintf("%s.json", digest_hex(m->config.digest));
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *json = NULL;
	json_t *layers = json_array();
	struct archive_writer *writer = NULL;
	int rc = archive_writer_new(fd, &writer, err);

	if (rc == 0)
		rc = add_blob(writer, store, &m->config, config, err);
	for (size_t i = 0; rc == 0 && i < m->nlayers; i++) {
		_cleanup_free_ char *name = xasprintf("%s.tar", digest_hex(m->layers[i].digest));

		rc = add_blob(writer, store, &m->layers[i], name, err);
		json_array_append_new(layers, json_string(name));
	}
	json = json_pack("[{s: s, s: [s], s: o}]", "Config", config, "RepoTags", tag, "Layers",
			 layers);
	text = json_text(json);
	if (rc == 0)
		rc = archive_add(writer, "manifest.json", strlen(text), err);
	if (rc == 0)
		rc = archive_write_bytes(writer, text, strlen(text), err);
	if (rc == 0)
		rc = archive_writer_end(writer, err);
	if (writer)
		archive_writer_free(writer);
	return rc;
}

int container_save_docker(const char *path, const char *name, const char *tag, const char *to,
			  struct err *err)
{
	_cleanup_(manifest_release) struct manifest m = { 0 };
	_cleanup_(aside_release) struct aside aside = ASIDE_INIT;
	_cleanup_store_ struct store *store = NULL;
	_cleanup_free_ void *bytes = NULL;
	const struct index_entry *entry = NULL;
	int rc = store_open_read(&store, path, err);

	if (rc == 0)
		rc = image_find_entry(store, name, &entry, err);
	if (rc < 0 || !entry)
		return rc;
	if (media_is_index(entry->desc.media_type))
		return err_usage(err, "a docker-archive holds one platform, not several");
	rc = store_get_blob(store, entry->desc.digest, entry->desc.size_bytes, MANIFEST_MAX_BYTES,
			    &bytes, err);
	if (rc == 0)
		rc = manifest_parse(bytes, entry->desc.size_bytes, MEDIA_MANIFEST, &m, err);
	if (rc < 0)
		return rc;
	rc = aside_open(&aside, to);
	if (rc < 0)
		return err_sys(err, -rc, "cannot write %s", to);
	rc = write_docker(store, &m, tag, aside.fd, err);
	if (rc < 0)
		return rc;
	rc = aside_commit(&aside, true);
	return rc < 0 ? err_sys(err, -rc, "cannot write %s", to) : 0;
}
