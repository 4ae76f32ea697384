/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of a store: names and the manifests that they stand for. Entries of other programs,
 * and unknown members stay as they are when the index is written again.
 */
#ifndef BOMBUS_OCI_FORMAT_INDEX_H
#define BOMBUS_OCI_FORMAT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include "oci/format/manifest.h"

struct err;
struct index;

/* No bytes (NULL): an index without entries. -EBADMSG. */
int index_parse(const void *bytes, size_t len, struct index **ret, struct err *err);
void index_free(struct index *index);

/* The entries with a name as ref_name_valid() allows it, sorted by name. Valid until the next
 * change. */
struct index_entry {
	const char *name;
	struct descriptor desc;
};
const struct index_entry *index_entries(const struct index *index, size_t *ret_count);

/* Whether there are entries whose names images cannot have. */
bool index_has_bad_names(const struct index *index);

/* The entry of a name; NULL: there is none. */
const struct index_entry *index_find(const struct index *index, const char *name);

/* Makes `name` stand for `desc` alone; its annotations are kept beside the name. */
int index_put(struct index *index, const char *name, const struct descriptor *desc,
	      struct err *err);

/* False: there was no such name. */
bool index_remove(struct index *index, const char *name);

/* Every digest that the index holds on to, entries without a name included. Valid as
 * index_entries() is. */
const struct descriptor *index_roots(const struct index *index, size_t *ret_count);

/* One line of JSON, malloc'ed. */
char *index_write(const struct index *index);

#endif
