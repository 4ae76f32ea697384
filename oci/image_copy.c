// SPDX-License-Identifier: Apache-2.0
/* An image from one store into another. */
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/image_internal.h"
#include "oci/load.h"
#include "oci/store/part.h"

#define COPY_BYTES (128u << 10)

struct copying {
	struct store *from, *to;
	struct blob_parts parts;
};

static int copy_bytes(int fd, struct blob_part *part, struct err *err)
{
	_cleanup_free_ void *bytes = xmalloc(COPY_BYTES);
	ssize_t n;
	int rc = part_restart(part, err);

	while (rc == 0 && (n = read(fd, bytes, COPY_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		rc = n < 0 ? err_sys(err, errno, "cannot read a blob")
			   : part_write(part, bytes, (size_t)n, err);
	}
	return rc < 0 ? rc : part_finish(part, err);
}

static int copy_blob(void *ctx, const struct descriptor *desc, bool is_document, struct err *err)
{
	struct copying *c = ctx;
	_cleanup_close_ int fd = -1;
	struct blob_part *part = NULL;
	int rc;

	if (blob_parts_have(&c->parts, desc->digest))
		return 0;
	fd = store_open_blob(c->from, desc->digest, desc->size_bytes, err);
	if (fd < 0)
		return fd == -ENOENT ? -EBADMSG : fd;
	rc = part_open(c->to, desc->digest, desc->size_bytes, &part, err);
	if (rc)
		return MIN(rc, 0);
	blob_parts_add(&c->parts, part);
	return copy_bytes(fd, part, err);
}

int image_copy_entry(struct store *from, const char *to_path, const struct index_entry *entry,
		     struct err *err)
{
	_cleanup_store_ struct store *to = NULL, *locked = NULL;
	struct copying c = { .from = from };
	int rc = store_open_write(&to, to_path, err);

	if (rc < 0)
		return rc;
	store_close(steal_ptr(&to));
	rc = store_open_read(&to, to_path, err);
	c.to = to;
	if (rc == 0)
		rc = store_walk_tree(from, &entry->desc, copy_blob, &c, err);
	if (rc == 0)
		rc = store_open_write(&locked, to_path, err);
	for (size_t i = 0; rc == 0 && i < c.parts.count; i++)
		rc = part_adopt(c.parts.list[i], locked, err);
	if (rc == 0)
		rc = store_check_tree(locked, &entry->desc, err);
	if (rc == 0)
		rc = index_put(store_index(locked), entry->name, &entry->desc, err);
	if (rc == 0)
		rc = store_commit(locked, err);
	blob_parts_release(&c.parts);
	return rc;
}
