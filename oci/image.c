// SPDX-License-Identifier: Apache-2.0
#include "oci/image.h"

#include <ctype.h>
#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "oci/image_internal.h"
#include "oci/format/json.h"
#include "oci/format/multi.h"
#include "oci/format/ref.h"

#define MIN_DIGEST_DIGITS 6
#define LATEST ":latest"
#define CONFIG_TITLE "config.json"

void image_info_release(struct image_info *info)
{
	free(info->name);
	free(info->created);
	free(info->platform);
	free(info->damage);
	free(info->manifest_json);
	for (size_t i = 0; i < info->nannotations; i++) {
		free((char *)info->annotations[i].name);
		free((char *)info->annotations[i].value);
	}
	free(info->annotations);
	for (size_t i = 0; i < info->nlayers; i++) {
		free(info->layers[i].media_type);
		free(info->layers[i].title);
	}
	free(info->layers);
	for (size_t i = 0; i < info->nlabels; i++) {
		free((char *)info->labels[i].name);
		free((char *)info->labels[i].value);
	}
	free(info->labels);
	free(info->platforms);
	for (size_t i = 0; i < info->nsignatures; i++)
		free(info->signatures[i].where);
	free(info->signatures);
	free(info->signatures_trouble);
	*info = (struct image_info){ 0 };
}

/* --- saving ---------------------------------------------------------------------------------- */

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

void image_time(char ret[31])
{
	format_rfc3339(now_real_ns() / 1000000000 * 1000000000, ret);
	memcpy(ret + strlen("2026-11-20T09:00:00"), "Z", 2);
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
	struct multi multi = {
		.manifests = s->list,
		.nmanifests = count,
		.annotations = first->annotations,
		.nannotations = first->nannotations,
	};
	_cleanup_free_ char *text = NULL;
	int rc = multi_write(&multi, &text, err);

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

int image_save(const char *path, const char *name, const struct image_build *build,
	       char ret_digest[72], struct err *err)
{
	return image_save_all(path, name, build, 1, ret_digest, err);
}

int image_save_all(const char *path, const char *name, const struct image_build *builds,
		   size_t count, char ret_digest[72], struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	char created[31], digest[DIGEST_ROOM];
	struct image_pair saved = { NOTE_CREATED, created };
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
	/* The time stands beside the name, not in the manifest: the digest shall not depend on it.
	 */
	image_time(created);
	desc.annotations = &saved;
	desc.nannotations = 1;
	rc = index_put(store_index(store), name, &desc, err);
	if (rc == 0)
		rc = store_commit(store, err);
	if (rc == 0)
		memcpy(ret_digest, digest, sizeof(digest));
	return rc;
}

/* --- finding --------------------------------------------------------------------------------- */

static char *dup_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void image_fill_info(struct image_info *info, const struct manifest *m)
{
	const char *created = annotation_get(m->annotations, m->nannotations, NOTE_CREATED);

	if (created) {
		free(info->created);
		info->created = xstrdup(created);
	}
	info->annotations = xcalloc(m->nannotations + 1, sizeof(*info->annotations));
	for (; info->nannotations < m->nannotations; info->nannotations++)
		info->annotations[info->nannotations] = (struct image_pair){
			xstrdup(m->annotations[info->nannotations].name),
			xstrdup(m->annotations[info->nannotations].value),
		};
	info->size_bytes += m->config.size_bytes;
	info->layers = xcalloc(m->nlayers + 1, sizeof(*info->layers));
	for (; info->nlayers < m->nlayers; info->nlayers++) {
		const struct descriptor *d = &m->layers[info->nlayers];
		struct image_layer *layer = &info->layers[info->nlayers];

		layer->media_type = xstrdup(d->media_type);
		layer->title =
			dup_or_null(annotation_get(d->annotations, d->nannotations, NOTE_TITLE));
		memcpy(layer->digest, d->digest, strlen(d->digest) + 1);
		layer->size_bytes = d->size_bytes;
		if (__builtin_add_overflow(info->size_bytes, d->size_bytes, &info->size_bytes))
			info->size_bytes = UINT64_MAX;
	}
}

/* What the index alone says; enough to list an image whose manifest is damaged. */
static void begin_info(const struct index_entry *entry, struct image_info *info)
{
	const struct descriptor *d = &entry->desc;

	*info = (struct image_info){
		.name = xstrdup(entry->name),
		.size_bytes = d->size_bytes,
		.platform = dup_or_null(d->platform),
		.created =
			dup_or_null(annotation_get(d->annotations, d->nannotations, NOTE_CREATED)),
	};
	memcpy(info->digest, d->digest, strlen(d->digest) + 1);
}

void image_fill_config(struct image_info *info, const struct json_t *config)
{
	json_t *labels = json_object_get(json_object_get(config, "config"), "Labels"), *value;
	const char *os = json_string_value(json_object_get(config, "os"));
	const char *arch = json_string_value(json_object_get(config, "architecture"));
	const char *variant = json_string_value(json_object_get(config, "variant"));
	const char *name;

	if (os && arch && !info->platform)
		info->platform = xasprintf("%s/%s%s%s", os, arch, variant ? "/" : "",
					   variant ? variant : "");

	info->labels = xcalloc(json_object_size(labels) + 1, sizeof(*info->labels));
	json_object_foreach(labels, name, value)
	{
		if (json_is_string(value))
			info->labels[info->nlabels++] = (struct image_pair){
				xstrdup(name),
				xstrdup(json_string_value(value)),
			};
	}
}

/* Other configs than ordinary ones are nobody's to read here. */
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
static int choose_platform(struct store *store, const char *platform, struct multi *multi,
			   struct descriptor *desc, struct image_info *info, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	const struct descriptor *one = NULL;
	int rc = store_get_blob(store, desc->digest, desc->size_bytes, MANIFEST_MAX_BYTES, &bytes,
				err);

	if (rc == 0)
		rc = multi_parse(bytes, desc->size_bytes, desc->media_type, multi, err);
	if (rc == 0)
		rc = multi_choose(multi, platform, &one, err);
	if (rc < 0 || !one)
		return rc;
	info->platforms = multi_platforms(multi);
	free(info->platform);
	info->platform = dup_or_null(one->platform);
	info->size_bytes += one->size_bytes;
	*desc = *one;
	return 0;
}

static int read_manifest(struct store *store, const struct index_entry *entry, const char *platform,
			 struct image_info *info, struct err *err)
{
	_cleanup_(manifest_release) struct manifest m = { 0 };
	_cleanup_(multi_release) struct multi multi = { 0 };
	_cleanup_free_ void *bytes = NULL;
	struct descriptor desc = entry->desc, *d = &desc;
	int rc = 0;

	if (media_is_index(d->media_type))
		rc = choose_platform(store, platform, &multi, d, info, err);
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
	    strspn(digits, "0123456789abcdef") != len)
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

static int not_found(const struct index *index, const char *path, const char *name, struct err *err)
{
	size_t count;
	const struct index_entry *entries = index_entries(index, &count);
	_cleanup_free_ const char **names = xcalloc(count + 1, sizeof(*names));
	const char *near;

	for (size_t i = 0; i < count; i++)
		names[i] = entries[i].name;
	near = suggest_from(name, names, count);
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
	bool has_latest = len > tag && streq(name + len - tag, LATEST);
	_cleanup_free_ char *other = NULL;

	if (!has_latest && has_tag_or_digest(name))
		return NULL;
	other = has_latest ? xstrndup(name, len - tag) : xasprintf("%s" LATEST, name);
	return index_find(index, other);
}

static int find_entry(const struct index *index, const char *path, const char *name,
		      const struct index_entry **ret, struct err *err)
{
	/* Who asks for a whole digest gets that content, whatever somebody called a name. */
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
	begin_info(entry, &info);
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

		begin_info(&entries[i], &infos[i]);
		if (read_manifest(store, &entries[i], NULL, &infos[i], &why) < 0)
			infos[i].damage = xstrdup(why.msg);
	}
	*ret = infos;
	*ret_count = count;
	return 0;
}
