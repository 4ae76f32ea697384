/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of archives share: image_copy.c (OCI layouts) and docker_archive.c. */
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

struct loading {
	struct store *store; /* open for reading */
	struct blob_parts parts;
	struct index *index; /* what was read, in the end */
	uint64_t bytes;	     /* of blobs */
	uint64_t seen_bytes; /* of all files of the archive */
	bool docker;	     /* there was a manifest.json */
};

/* The archive's current file becomes a part, and is what the digest says. */
int load_blob(struct loading *l, struct archive_reader *reader, const char *digest,
	      uint64_t size_bytes, struct err *err);

/*
 * `docker save` before version 25, and others' docker-archive: manifest.json lists for each image
 * its config, its tags and its layers, by the names of files. Nothing in it has a digest until it
 * was read: `fd` is read twice, so that it has to be a file. The manifests that are made of it are
 * put into *ret_documents, each malloc'ed text.
 */
struct load_documents {
	char **texts;
	size_t count;
};
int load_docker(struct loading *l, int fd, struct load_documents *ret, struct err *err);
void load_documents_release(struct load_documents *documents);

#endif
