// SPDX-License-Identifier: Apache-2.0
#include "oci/load.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/archive.h"
#include "oci/remote.h"
#include "oci/store/part.h"

#define COPY_BYTES (128u << 10)

void blob_parts_release(struct blob_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		part_free(parts->list[i]);
	free(parts->list);
}

void blob_parts_add(struct blob_parts *parts, struct blob_part *part)
{
	parts->list = xreallocarray(parts->list, parts->count + 1, sizeof(*parts->list));
	parts->list[parts->count++] = part;
}

bool blob_parts_have(const struct blob_parts *parts, const char *digest)
{
	for (size_t i = 0; i < parts->count; i++)
		if (streq(part_digest(parts->list[i]), digest))
			return true;
	return false;
}

int load_blob(struct loading *l, struct archive_reader *reader, const char *digest,
	      uint64_t size_bytes, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	struct blob_part *part = NULL;
	long n = 1;
	int rc;

	if (size_bytes > REMOTE_MAX_BYTES || l->bytes > REMOTE_MAX_BYTES - size_bytes)
		return err_set(err, EFBIG, "the archive holds more than %llu bytes",
			       (unsigned long long)REMOTE_MAX_BYTES);
	l->bytes += size_bytes;
	if (blob_parts_have(&l->parts, digest))
		return err_set(err, EBADMSG, "the archive holds %s twice", digest);
	rc = part_open(l->store, digest, size_bytes, &part, err);
	if (rc)
		return MIN(rc, 0);
	blob_parts_add(&l->parts, part);
	bytes = xmalloc(COPY_BYTES);
	rc = part_restart(part, err);
	while (rc == 0 && n > 0) {
		n = archive_read(reader, bytes, COPY_BYTES, err);
		rc = n < 0 ? (int)n : part_write(part, bytes, (size_t)n, err);
	}
	return rc < 0 ? rc : part_finish(part, err);
}

bool load_is_folder(const char *path)
{
	struct stat st;
	size_t len = strlen(path);

	return (len && path[len - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}
