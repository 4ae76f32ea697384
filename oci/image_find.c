// SPDX-License-Identifier: Apache-2.0
/* Images of the store by name, tag or digest, and all of them. */
#include "oci/image.h"

#include <errno.h>

#include "base/err.h"
#include "base/num.h"
#include "base/parse.h"
#include "base/util.h"
#include "oci/format/json.h"
#include "oci/format/image_index.h"
#include "oci/image_internal.h"

#define MIN_DIGEST_DIGITS 6
#define LATEST ":latest"

/* Only configs of ordinary images have these fields. */
static void read_config(struct store *store, const struct descriptor *config,
			struct image_info *info)
{
	_cleanup_free_ void *bytes = NULL;
	_cleanup_json_ json_t *json = NULL;

	if (store_get_blob(store, config->digest, config->size_bytes, MANIFEST_MAX_BYTES, &bytes,
			   NULL) == 0 &&
	    json_parse("the config", bytes, config->size_bytes, &json, NULL) == 0)
		image_fill_config(info, json);
}

/* Of several platforms, the one that is wanted: *desc becomes its manifest's. */
static int choose_platform(struct store *store, const char *platform, struct image_index *images,
			   struct descriptor *desc, struct image_info *info, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	const struct descriptor *one = NULL;
	int rc = store_get_blob(store, desc->digest, desc->size_bytes, MANIFEST_MAX_BYTES, &bytes,
				err);

	if (rc == 0)
		rc = image_index_parse(bytes, desc->size_bytes, desc->media_type, images, err);
	if (rc == 0)
		rc = image_index_choose(images, platform, &one, err);
	if (rc < 0 || !one)
		return rc;
	info->platforms = image_index_platforms(images);
	free(info->platform);
	info->platform = one->platform ? xstrdup(one->platform) : NULL;
	info->size_bytes += one->size_bytes;
	*desc = *one;
	return 0;
}

static int read_manifest(struct store *store, const struct index_entry *entry, const char *platform,
			 struct image_info *info, struct err *err)
{
	_cleanup_(manifest_release) struct manifest m = { 0 };
	_cleanup_(image_index_release) struct image_index images = { 0 };
	_cleanup_free_ void *bytes = NULL;
	struct descriptor desc = entry->desc, *d = &desc;
	int rc = 0;

	if (media_is_index(d->media_type))
		rc = choose_platform(store, platform, &images, d, info, err);
	if (rc == 0)
		rc = store_get_blob(store, d->digest, d->size_bytes, MANIFEST_MAX_BYTES, &bytes,
				    err);
	if (rc == 0)
		rc = manifest_parse(bytes, d->size_bytes, *d->media_type ? d->media_type : NULL, &m,
				    err);
	if (rc < 0) {
		err_wrap(err, "%s", entry->name);
		return rc == -ENOENT ? -EBADMSG : rc;
	}
	image_fill_info(info, &m);
	read_config(store, &m.config, info);
	info->manifest_json = steal_ptr((char **)&bytes);
	return 0;
}

static bool has_tag_or_digest(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strpbrk(slash ? slash : name, ":@") != NULL;
}

/* The digits of what may be the beginning of a digest; NULL: it cannot be one. */
static const char *digest_digits(const char *word)
{
	const char *digits = has_prefix(word, DIGEST_PREFIX) ? digest_hex(word) : word;
	size_t len = strlen(digits);

	if (len < MIN_DIGEST_DIGITS || len > DIGEST_HEX_DIGITS ||
	    strspn(digits, NUM_HEX_DIGITS) != len)
		return NULL;
	return digits;
}

static int find_digest(const struct index *index, const char *word, const struct index_entry **ret,
		       struct err *err)
{
	const char *digits = digest_digits(word);
	const struct index_entry *entries, *found = NULL;
	size_t count;

	*ret = NULL;
	if (!digits)
		return 0;
	entries = index_entries(index, &count);
	for (size_t i = 0; i < count; i++) {
		if (!has_prefix(digest_hex(entries[i].desc.digest), digits))
			continue;
		if (found && !streq(found->desc.digest, entries[i].desc.digest)) {
			err_hint(err, "more digits, or one of the names: %s, %s", found->name,
				 entries[i].name);
			return err_usage(err, "'%s' is the beginning of more than one digest",
					 word);
		}
		found = found ? found : &entries[i];
	}
	*ret = found;
	return 0;
}

/* Borrowed from the index; NULL: no name is near. */
static const char *nearest(const struct index *index, const char *name)
{
	size_t count;
	const struct index_entry *entries = index_entries(index, &count);
	_cleanup_free_ const char **names = xcalloc(count + 1, sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = entries[i].name;
	return suggest_from(name, names, count);
}

static int not_found(const struct index *index, const char *path, const char *name, struct err *err)
{
	const char *near = nearest(index, name);
	size_t count;

	index_entries(index, &count);
	if (near)
		err_hint(err, "did you mean %s?", near);
	else if (!count)
		err_hint(err, "the store %s is empty; 'bombus build FILE.bpf.c' makes an image",
			 path);
	else
		err_hint(err, "'bombus list' shows what is there");
	return err_set(err, ENOENT, "no image '%s' in the store", name);
}

/* No tag is the tag "latest", whichever of the two was typed when it was saved. */
static const struct index_entry *find_latest(const struct index *index, const char *name)
{
	size_t len = strlen(name), tag = strlen(LATEST);
	bool has_latest = len > tag && has_suffix(name, LATEST);
	_cleanup_free_ char *other = NULL;

	if (!has_latest && has_tag_or_digest(name))
		return NULL;
	other = has_latest ? xstrndup(name, len - tag) : xasprintf("%s" LATEST, name);
	return index_find(index, other);
}

static int find_entry(const struct index *index, const char *path, const char *name,
		      const struct index_entry **ret, struct err *err)
{
	/* A whole digest means that content, even if it is also the name of an image. */
	const struct index_entry *found = digest_valid(name) ? NULL : index_find(index, name);
	int rc = 0;

	if (!found)
		found = find_latest(index, name);
	if (!found)
		rc = find_digest(index, name, &found, err);
	if (rc == 0 && !found)
		rc = not_found(index, path, name, err);
	*ret = found;
	return rc;
}

int image_find_entry(struct store *store, const char *name, const struct index_entry **ret,
		     struct err *err)
{
	return find_entry(store_index(store), store_dir_path(store), name, ret, err);
}

bool image_missing(const char *path, const char *name)
{
	_cleanup_store_ struct store *store = NULL;
	const struct index_entry *entry = NULL;

	return store_open_read(&store, path, NULL) == 0 &&
	       image_find_entry(store, name, &entry, NULL) == -ENOENT;
}

char *image_nearest(const char *path, const char *name)
{
	_cleanup_store_ struct store *store = NULL;
	const char *near =
		store_open_read(&store, path, NULL) == 0 ? nearest(store_index(store), name) : NULL;

	return near ? xstrdup(near) : NULL;
}

int image_find(const char *path, const char *name, struct image_info *ret, struct err *err)
{
	return image_find_for(path, name, NULL, ret, err);
}

int image_find_for(const char *path, const char *name, const char *platform, struct image_info *ret,
		   struct err *err)
{
	_cleanup_(image_info_release) struct image_info info = { 0 };
	_cleanup_store_ struct store *store = NULL;
	const struct index_entry *entry = NULL;
	int rc = store_open_read(&store, path, err);

	if (rc == 0)
		rc = find_entry(store_index(store), path, name, &entry, err);
	if (rc || !entry)
		return rc;
	image_begin_info(entry, &info);
	rc = read_manifest(store, entry, platform, &info, err);
	if (rc)
		return rc;
	*ret = info;
	info = (struct image_info){ 0 };
	return 0;
}

int image_list(const char *path, struct image_info **ret, size_t *ret_count, struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	const struct index_entry *entries;
	struct image_info *infos;
	size_t count;
	int rc = store_open_read(&store, path, err);

	if (rc)
		return rc;
	entries = index_entries(store_index(store), &count);
	infos = xcalloc(count + 1, sizeof(*infos));
	for (size_t i = 0; i < count; i++) {
		struct err why = { 0 };

		image_begin_info(&entries[i], &infos[i]);
		if (read_manifest(store, &entries[i], NULL, &infos[i], &why) < 0)
			infos[i].damage = xstrdup(why.msg);
	}
	*ret = infos;
	*ret_count = count;
	return 0;
}
