// SPDX-License-Identifier: Apache-2.0
#include "oci/format/index.h"

#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/format/descriptor.h"
#include "oci/format/ref.h"

struct index {
	json_t *json;	   /* the whole document */
	json_t *manifests; /* borrowed from it */
	struct index_entry *entries;
	size_t nentries;
	struct descriptor *roots; /* of all entries */
	size_t nroots;
	bool bad_names;
	struct arena arena; /* of the entries */
};

static const char *entry_name(const json_t *entry)
{
	return json_string_value(
		json_object_get(json_object_get(entry, "annotations"), NOTE_REF_NAME));
}

static int by_name(const void *a, const void *b)
{
	const struct index_entry *ea = a, *eb = b;

	return strcmp(ea->name, eb->name);
}

static int read_entries(struct index *index, struct err *err)
{
	json_t *json;
	size_t i;

	arena_release(&index->arena);
	index->nentries = index->nroots = 0;
	index->bad_names = false;
	index->roots = arena_array(&index->arena, struct descriptor,
				   json_array_size(index->manifests) + 1);
	index->entries = arena_array(&index->arena, struct index_entry,
				     json_array_size(index->manifests) + 1);
	json_array_foreach(index->manifests, i, json)
	{
		const char *name = entry_name(json);
		struct index_entry *e = &index->entries[index->nentries];
		int rc;

		/* Entries of other tools are kept as they are, and so is what they need. */
		if (!name || !ref_name_valid(name)) {
			index->bad_names |= name != NULL;
			index->nroots += descriptor_parse(json, &index->arena,
							  &index->roots[index->nroots], NULL) == 0;
			continue;
		}
		rc = descriptor_parse(json, &index->arena, &e->desc, err);
		if (rc < 0) {
			err_wrap(err, "the index is damaged: entry '%s'", name);
			return rc;
		}
		index->roots[index->nroots++] = e->desc;
		e->name = arena_strdup(&index->arena, name);
		index->nentries++;
	}
	qsort(index->entries, index->nentries, sizeof(*index->entries), by_name);
	for (i = 1; i < index->nentries; i++)
		if (streq(index->entries[i - 1].name, index->entries[i].name))
			return err_set(err, EBADMSG,
				       "the index is damaged: '%s' stands in it twice",
				       index->entries[i].name);
	return 0;
}

static void free_index(struct index **index)
{
	index_free(*index);
}

static json_t *empty_index(void)
{
	json_t *json = json_object();

	json_object_set_new(json, "schemaVersion", json_integer(2));
	json_object_set_new(json, "mediaType", json_string(MEDIA_INDEX));
	json_object_set_new(json, "manifests", json_array());
	return json;
}

static int check_index(const json_t *json, struct err *err)
{
	const char *media_type = NULL;
	int rc = json_get_text(json, "mediaType", &media_type, err);

	if (rc)
		return rc;
	if (json_integer_value(json_object_get(json, "schemaVersion")) != 2 ||
	    !json_is_array(json_object_get(json, "manifests")) || json_object_get(json, "layers") ||
	    (media_type && !streq(media_type, MEDIA_INDEX)))
		return err_set(err, EBADMSG, "index.json is not an OCI image index");
	return 0;
}

int index_parse(const void *bytes, size_t len, struct index **ret, struct err *err)
{
	_cleanup_(free_index) struct index *index = xcalloc(1, sizeof(*index));
	int rc = 0;

	if (bytes) {
		rc = json_parse("index.json", bytes, len, &index->json, err);
		if (rc == 0)
			rc = check_index(index->json, err);
	} else {
		index->json = empty_index();
	}
	if (rc)
		return rc;
	index->manifests = json_object_get(index->json, "manifests");
	rc = read_entries(index, err);
	if (rc == 0)
		*ret = steal_ptr(&index);
	return rc;
}

void index_free(struct index *index)
{
	if (!index)
		return;
	json_decref(index->json);
	arena_release(&index->arena);
	free(index);
}

const struct index_entry *index_entries(const struct index *index, size_t *ret_count)
{
	*ret_count = index->nentries;
	return index->entries;
}

bool index_has_bad_names(const struct index *index)
{
	return index->bad_names;
}

const struct index_entry *index_find(const struct index *index, const char *name)
{
	struct index_entry key = { .name = name };

	return bsearch(&key, index->entries, index->nentries, sizeof(key), by_name);
}

static bool take_out(struct index *index, const char *name)
{
	bool any = false;

	for (size_t i = json_array_size(index->manifests); i-- > 0;) {
		const char *other = entry_name(json_array_get(index->manifests, i));

		if (other && streq(other, name))
			any = json_array_remove(index->manifests, i) == 0;
	}
	return any;
}

bool index_remove(struct index *index, const char *name)
{
	/* What was readable is so without one of its entries. */
	return take_out(index, name) && read_entries(index, NULL) == 0;
}

const struct descriptor *index_roots(const struct index *index, size_t *ret_count)
{
	*ret_count = index->nroots;
	return index->roots;
}

int index_put(struct index *index, const char *name, const struct descriptor *desc, struct err *err)
{
	json_t *json = NULL, *notes;
	int rc = descriptor_json(desc, &json, err);

	if (rc)
		return rc;
	notes = json_object_get(json, "annotations");
	if (!notes) {
		notes = json_object();
		json_object_set_new(json, "annotations", notes);
	}
	if (json_object_set_new(notes, NOTE_REF_NAME, json_string(name)) < 0) {
		json_decref(json);
		return err_set(err, EILSEQ, "the name is not UTF-8");
	}
	take_out(index, name);
	json_array_append_new(index->manifests, json);
	return read_entries(index, err);
}

char *index_write(const struct index *index)
{
	return json_text(index->json);
}
