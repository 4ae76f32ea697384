/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs that come into a store from an archive or another store. */
#ifndef BOMBUS_OCI_LOAD_H
#define BOMBUS_OCI_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive_reader;
struct blob_part;
struct err;
struct index;
struct store;

struct blob_parts {
	struct blob_part **list;
	size_t count;
};

void blob_parts_add(struct blob_parts *parts, struct blob_part *part);
bool blob_parts_have(const struct blob_parts *parts, const char *digest);
void blob_parts_release(struct blob_parts *parts);

struct loading {
	struct store *store; /* open for reading */
	struct blob_parts parts;
	struct index *index; /* of the archive, once it is read */
	uint64_t bytes;	     /* of blobs */
	uint64_t seen_bytes; /* of all files of the archive */
	bool docker;	     /* there was a manifest.json */
};

/* Makes a part of the archive's current file and checks its digest. */
int load_blob(struct loading *l, struct archive_reader *reader, const char *digest,
	      uint64_t size_bytes, struct err *err);

/* Whether a path is a folder, or ends in a slash and so is to become one. */
bool load_is_folder(const char *path);

#endif
