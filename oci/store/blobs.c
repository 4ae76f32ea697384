// SPDX-License-Identifier: Apache-2.0
/* Blobs of any size, read in pieces: part of the store. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/store/store.h"

#define READ_BYTES (128u << 10)

static int open_blob(struct store *store, const char *digest, struct err *err)
{
	const char *name = digest_hex(digest);
	int fd;

	if (!digest_valid(digest))
		return err_set(err, EBADMSG, "a digest is not of the form sha256:<64 hex digits>");
	if (store_blobs_fd(store) < 0)
		return err_set(err, ENOENT, "there is no folder %s/" STORE_BLOBS,
			       store_dir_path(store));
	fd = openat(store_blobs_fd(store), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s/" STORE_BLOBS "/%s",
			       store_dir_path(store), name);
	return fd;
}

static int check(int fd, const char *digest, uint64_t size_bytes, struct err *err)
{
	_cleanup_free_ void *bytes = xmalloc(READ_BYTES);
	struct hasher *hasher;
	char found[DIGEST_ROOM];
	struct stat st;
	ssize_t n;
	int rc = 0;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != size_bytes)
		return err_set(err, EBADMSG, "the blob %s is damaged: its size is not %llu bytes",
			       digest, (unsigned long long)size_bytes);
	hasher = hasher_new();
	while ((n = read(fd, bytes, READ_BYTES)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			hasher_add(hasher, bytes, (size_t)n);
	if (n < 0)
		rc = err_sys(err, errno, "cannot read the blob %s", digest);
	hasher_end(hasher, found);
	hasher_free(hasher);
	if (rc == 0 && !streq(found, digest))
		rc = err_set(err, EBADMSG, "the blob %s is damaged: its digest is %s", digest,
			     found);
	return rc;
}

int store_open_blob(struct store *store, const char *digest, uint64_t size_bytes, struct err *err)
{
	_cleanup_close_ int fd = open_blob(store, digest, err);
	int rc = fd < 0 ? fd : check(fd, digest, size_bytes, err);

	if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
		rc = err_sys(err, errno, "the blob %s", digest);
	return rc < 0 ? rc : steal_fd(&fd);
}

int store_check_blob(struct store *store, const char *digest, uint64_t size_bytes, struct err *err)
{
	_cleanup_close_ int fd = open_blob(store, digest, err);

	return fd < 0 ? fd : check(fd, digest, size_bytes, err);
}
