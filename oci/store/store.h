/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of an OCI image layout, safe against other processes and against dying anywhere.
 *
 *	oci-layout, index.json, blobs/sha256/<hex>	the layout
 *	.lock						held by a writer
 *	.tmp-XXXXXX					a file that is not complete yet
 *
 * Every file is written aside, synced and renamed, so that a file with its name is complete; blobs
 * come before the index that names them. Reading takes no lock and writes nothing. A writer reads
 * the index again once it has the lock, and removes the files of a killed one.
 *
 *	_cleanup_store_ struct store *store = NULL;
 *	store_open_write(&store, path, err)
 *	store_put_blob(store, ...), index_put(store_index(store), ...)
 *	store_commit(store, err)
 */
#ifndef BOMBUS_OCI_STORE_STORE_H
#define BOMBUS_OCI_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>
#include "oci/format/digest.h"
#include "oci/format/index.h"

struct err;
struct store;

/* A folder that does not exist is an empty store. One that holds other things is refused. */
int store_open_read(struct store **ret, const char *path, struct err *err);

/* Makes the folder if need be and waits for other writers, up to half a minute. */
int store_open_write(struct store **ret, const char *path, struct err *err);

void store_close(struct store *store);
static inline void store_closep(struct store **store)
{
	store_close(*store);
}
#define _cleanup_store_ __attribute__((cleanup(store_closep)))

/* As of opening the store, with later changes. */
struct index *store_index(struct store *store);
/* Hands it over; the store has none after that. */
struct index *store_take_index(struct store *store);

/*
 * The blob of a digest and size, verified; malloc'ed with a NUL behind its end. -ENOENT: it is not
 * there; -EBADMSG: its digest is another one; -EFBIG: larger than max_bytes.
 */
int store_get_blob(struct store *store, const char *digest, uint64_t size_bytes, size_t max_bytes,
		   void **ret, struct err *err);

/* Nothing is written where the blob is there already. */
int store_put_blob(struct store *store, const void *bytes, size_t len, char ret_digest[DIGEST_ROOM],
		   struct err *err);

/* Whether it is there and has its digest: 0, -ENOENT or -EBADMSG. Reads it in pieces. */
int store_check_blob(struct store *store, const char *digest, uint64_t size_bytes, struct err *err);

/* The same, and the file, to be read from its start; the caller closes it. */
int store_open_blob(struct store *store, const char *digest, uint64_t size_bytes, struct err *err);

/* Makes a blob of a complete and synced file in the store's folder. The store is open for writing.
 */
int store_adopt_blob(struct store *store, const char *file, const char *digest, struct err *err);

#define STORE_BLOBS "blobs/sha256"
#define STORE_LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"

/* The folder and that of its blobs, borrowed; -1: it does not exist. Neither is a symbolic link
 * inside the store. */
int store_dir_fd(const struct store *store);
int store_blobs_fd(const struct store *store);
const char *store_dir_path(const struct store *store);

/* Publishes the index to other processes. */
int store_commit(struct store *store, struct err *err);

#endif
