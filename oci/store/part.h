/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A blob on its way into a store. It stands in the store's folder as `.part-<hex>` and keeps
 * its bytes when the process dies: the next one continues behind them. The writer holds a lock on
 * it, and others wait. It becomes a blob under the store's lock, right before the
 * index that names it, so that pruning never sees it in between.
 */
#ifndef BOMBUS_OCI_STORE_PART_H
#define BOMBUS_OCI_STORE_PART_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct blob_part;
struct store;

#define PART_PREFIX ".part-"

/* `store` is one that was opened for writing once; it need not be locked now, and is not used
 * after the call. 1: another process brought the blob meanwhile, and there is no part. */
int part_open(struct store *store, const char *digest, uint64_t size_bytes, struct blob_part **ret,
	      struct err *err);
/* Closes it. Its bytes stay, unless there are none or it was adopted. */
void part_free(struct blob_part *part);

const char *part_digest(const struct blob_part *part);
uint64_t part_size(const struct blob_part *part);
uint64_t part_have(const struct blob_part *part); /* bytes so far */

/* -EFBIG: more than the blob has. */
int part_write(struct blob_part *part, const void *bytes, size_t len, struct err *err);
int part_restart(struct blob_part *part, struct err *err);

/* All is there: checks the digest, syncs. -EBADMSG: it is something else, and is thrown away. */
int part_finish(struct blob_part *part, struct err *err);

/* Makes it a blob of the store, which is open for writing. After part_finish(). */
int part_adopt(struct blob_part *part, struct store *store, struct err *err);

#endif
