// SPDX-License-Identifier: Apache-2.0
#include "oci/image.h"

#include <ctype.h>
#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/store.h"

#define MAX_NAME_BYTES 512
#define MIN_DIGEST_DIGITS 6
#define LATEST ":latest"
#define PROGRAM_TITLE "program.o"
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
	*info = (struct image_info){ 0 };
}

/* --- saving ---------------------------------------------------------------------------------- */

int image_check_name(const char *name, struct err *err)
{
	size_t len = strlen(name);
	size_t good = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "._:/@+-");

	if (has_prefix(name, DIGEST_PREFIX))
		return err_usage(err, "'%s' would be taken for a digest", name);
	if (len && len <= MAX_NAME_BYTES && good == len && isalnum((unsigned char)name[0]))
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

static int put_manifest(struct store *store, const struct image_build *build,
			struct descriptor *ret, char digest[DIGEST_ROOM], struct err *err)
{
	static const struct image_pair title = { NOTE_TITLE, PROGRAM_TITLE };
	char config[DIGEST_ROOM], program[DIGEST_ROOM];
	struct descriptor layer = {
		MEDIA_EBPF_PROGRAM, program, build->program_bytes, NULL, &title, 1,
	};
	struct manifest m = {
		.media_type = MEDIA_MANIFEST,
		.layers = &layer,
		.nlayers = 1,
		.annotations = build->annotations,
		.nannotations = build->nannotations,
	};
	_cleanup_free_ char *text = NULL;
	int rc = put_config(store, build->platform, &m.config, config, err);

	if (rc == 0)
		rc = store_put_blob(store, build->program, build->program_bytes, program, err);
	if (rc == 0)
		rc = manifest_write(&m, &text, err);
	if (rc)
		return rc;
	*ret = (struct descriptor){ MEDIA_MANIFEST, digest, strlen(text), build->platform };
	return store_put_blob(store, text, strlen(text), digest, err);
}

int image_save(const char *path, const char *name, const struct image_build *build,
	       char ret_digest[72], struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	char created[31], digest[DIGEST_ROOM];
	struct image_pair saved = { NOTE_CREATED, created };
	struct descriptor desc;
	int rc = image_check_name(name, err);

	if (rc == 0 && build->program_bytes > IMAGE_MAX_PROGRAM_BYTES)
		rc = err_set(err, EFBIG, "the program is larger than %u MiB",
			     IMAGE_MAX_PROGRAM_BYTES >> 20);
	if (rc == 0)
		rc = store_open_write(&store, path, err);
	if (rc == 0)
		rc = put_manifest(store, build, &desc, digest, err);
	if (rc)
		return rc;
	/* The time stands beside the name, not in the manifest: the digest shall not depend on it.
	 */
	format_rfc3339(now_real_ns() / 1000000000 * 1000000000, created);
	memcpy(created + strlen("2026-11-20T09:00:00"), "Z", 2);
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

static void fill_info(struct image_info *info, const struct manifest *m)
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

static int read_manifest(struct store *store, const struct index_entry *entry,
			 struct image_info *info, struct err *err)
{
	_cleanup_(manifest_release) struct manifest m = { 0 };
	_cleanup_free_ void *bytes = NULL;
	const struct descriptor *d = &entry->desc;
	int rc;

	if (streq(d->media_type, MEDIA_INDEX))
		rc = err_set(err, ENOTSUP, "it is an index of several platforms");
	else
		rc = store_get_blob(store, d->digest, d->size_bytes, MANIFEST_MAX_BYTES, &bytes,
				    err);
	if (rc == 0)
		rc = manifest_parse(bytes, d->size_bytes, *d->media_type ? d->media_type : NULL, &m,
				    err);
	if (rc < 0) {
		err_wrap(err, "%s", entry->name);
		return rc == -ENOENT ? -EBADMSG : rc;
	}
	fill_info(info, &m);
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

int image_find(const char *path, const char *name, struct image_info *ret, struct err *err)
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
	rc = read_manifest(store, entry, &info, err);
	if (rc)
		return rc;
	*ret = info;
	info = (struct image_info){ 0 };
	return 0;
}

static bool is_program(const struct image_layer *layer)
{
	return streq(layer->media_type, MEDIA_EBPF_PROGRAM) ||
	       (layer->title && streq(layer->title, PROGRAM_TITLE));
}

/* Chosen by what a layer says it is, never by its place: layers may be in any order. */
static int find_program(const struct image_info *info, const struct image_layer **ret,
			struct err *err)
{
	const struct image_layer *found = NULL;

	for (size_t i = 0; i < info->nlayers; i++) {
		if (!is_program(&info->layers[i]))
			continue;
		if (found)
			return err_set(err, EBADMSG, "%s holds more than one program", info->name);
		found = &info->layers[i];
	}
	if (!found && info->nlayers)
		return err_set(err, EBADMSG, "%s holds no eBPF program: its first layer is '%s'",
			       info->name, info->layers[0].media_type);
	if (!found)
		return err_set(err, EBADMSG, "%s holds no eBPF program: it has no layer",
			       info->name);
	*ret = found;
	return 0;
}

int image_program(const char *path, const struct image_info *info, void **ret, size_t *ret_len,
		  struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	const struct image_layer *layer = NULL;
	int rc = find_program(info, &layer, err);

	if (rc == 0)
		rc = store_open_read(&store, path, err);
	if (rc || !layer)
		return rc;
	rc = store_get_blob(store, layer->digest, layer->size_bytes, IMAGE_MAX_PROGRAM_BYTES, ret,
			    err);
	if (rc < 0) {
		err_wrap(err, "%s", info->name);
		/* The name was found: what is missing is a part of the image. */
		return rc == -ENOENT ? -EBADMSG : rc;
	}
	*ret_len = layer->size_bytes;
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
		if (read_manifest(store, &entries[i], &infos[i], &why) < 0)
			infos[i].damage = xstrdup(why.msg);
	}
	*ret = infos;
	*ret_count = count;
	return 0;
}
