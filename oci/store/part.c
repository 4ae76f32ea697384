// SPDX-License-Identifier: Apache-2.0
#include "oci/store/part.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/format/digest.h"
#include "oci/store/store.h"

#define WAIT_TRIES 12000
#define WAIT_PAUSE_NS 50000000
/* The disk is kept busy while more comes, so that the sync at the end has little left to do. */
#define FLUSH_BYTES (4u << 20)
#define READ_BYTES (64u << 10)

struct blob_part {
	int dir_fd, fd;
	char *path; /* of the store, for messages */
	char *name; /* in it */
	char digest[DIGEST_ROOM];
	uint64_t size_bytes, have_bytes, flushed_bytes;
	struct hasher *hasher;
	bool adopted;
};

static void part_freep(struct blob_part **part)
{
	part_free(*part);
}

static int sys(const struct blob_part *p, int code, struct err *err)
{
	/* No registry's fault, whatever it is in the middle of. */
	err_exit(err, EXIT_FAILED);
	return err_sys(err, code, "cannot write %s/%s", p->path, p->name);
}

/* What has the name now need not be what was opened: it may have become a blob meanwhile. */
static bool is_current(const struct blob_part *p)
{
	struct stat here, there;

	return fstat(p->fd, &here) == 0 &&
	       fstatat(p->dir_fd, p->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* 1: it is ours, 0: another process has it. */
static int try_lock(struct blob_part *p, struct err *err)
{
	p->fd = openat(p->dir_fd, p->name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		       0644);
	if (p->fd < 0)
		return sys(p, errno, err);
	if (flock(p->fd, LOCK_EX | LOCK_NB) == 0 && is_current(p))
		return 1;
	close(p->fd);
	p->fd = -1;
	return 0;
}

/* What an earlier attempt left. */
static int read_rest(struct blob_part *p, struct err *err)
{
	_cleanup_free_ void *bytes = xmalloc(READ_BYTES);
	struct stat st;
	ssize_t n;

	if (fstat(p->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, EBADMSG, "%s/%s is not a file", p->path, p->name);
	if ((uint64_t)st.st_size > p->size_bytes)
		return part_restart(p, err);
	while ((n = read(p->fd, bytes, READ_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sys(p, errno, err);
		hasher_add(p->hasher, bytes, (size_t)n);
		p->have_bytes += (uint64_t)n;
	}
	p->flushed_bytes = p->have_bytes;
	return p->have_bytes > p->size_bytes ? part_restart(p, err) : 0;
}

int part_open(struct store *store, const char *digest, uint64_t size_bytes, struct blob_part **ret,
	      struct err *err)
{
	_cleanup_(part_freep) struct blob_part *p = xcalloc(1, sizeof(*p));
	const struct timespec pause = { .tv_nsec = WAIT_PAUSE_NS };
	int rc = 0;

	p->fd = -1;
	p->dir_fd = fcntl(store_dir_fd(store), F_DUPFD_CLOEXEC, 3);
	p->path = xstrdup(store_dir_path(store));
	p->name = xasprintf(PART_PREFIX "%s", digest_hex(digest));
	p->size_bytes = size_bytes;
	p->hasher = hasher_new();
	memcpy(p->digest, digest, sizeof(p->digest));
	for (int i = 0; rc == 0; i++) {
		if (store_check_blob(store, digest, size_bytes, NULL) == 0)
			return 1;
		rc = try_lock(p, err);
		if (rc == 0 && i == WAIT_TRIES)
			rc = err_set(err, EBUSY,
				     "another process is downloading %s, and does not "
				     "come to an end",
				     digest);
		if (rc == 0)
			nanosleep(&pause, NULL);
	}
	if (rc < 0)
		return rc;
	/* Between looking and locking, the one before may have finished. */
	if (store_check_blob(store, digest, size_bytes, NULL) == 0)
		return 1;
	rc = read_rest(p, err);
	if (rc == 0)
		*ret = steal_ptr(&p);
	return rc;
}

void part_free(struct blob_part *p)
{
	if (!p)
		return;
	if (p->fd >= 0 && !p->adopted && !p->have_bytes)
		unlinkat(p->dir_fd, p->name, 0);
	close_fd(&p->fd);
	close_fd(&p->dir_fd);
	hasher_free(p->hasher);
	free(p->path);
	free(p->name);
	free(p);
}

const char *part_digest(const struct blob_part *p)
{
	return p->digest;
}

uint64_t part_size(const struct blob_part *p)
{
	return p->size_bytes;
}

uint64_t part_have(const struct blob_part *p)
{
	return p->have_bytes;
}

int part_write(struct blob_part *p, const void *bytes, size_t len, struct err *err)
{
	if (len > p->size_bytes - p->have_bytes)
		return err_set(err, EFBIG, "%s has more than the %llu bytes that were announced",
			       p->digest, (unsigned long long)p->size_bytes);
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(p->fd, (const char *)bytes + done, len - done,
				   (off_t)(p->have_bytes + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sys(p, errno, err);
		done += (size_t)n;
	}
	hasher_add(p->hasher, bytes, len);
	p->have_bytes += len;
	if (p->have_bytes - p->flushed_bytes >= FLUSH_BYTES) {
		sync_file_range(p->fd, (off_t)p->flushed_bytes,
				(off_t)(p->have_bytes - p->flushed_bytes), SYNC_FILE_RANGE_WRITE);
		p->flushed_bytes = p->have_bytes;
	}
	return 0;
}

int part_restart(struct blob_part *p, struct err *err)
{
	if (ftruncate(p->fd, 0) < 0)
		return sys(p, errno, err);
	p->have_bytes = p->flushed_bytes = 0;
	hasher_restart(p->hasher);
	return 0;
}

int part_finish(struct blob_part *p, struct err *err)
{
	char found[DIGEST_ROOM];

	hasher_end(p->hasher, found);
	if (p->have_bytes != p->size_bytes || !streq(found, p->digest)) {
		uint64_t have = p->have_bytes;
		int rc = part_restart(p, err);

		if (rc < 0)
			return rc;
		return err_set(err, EBADMSG,
			       "the data is not %s: it has %llu bytes and the digest %s", p->digest,
			       (unsigned long long)have, found);
	}
	return fsync(p->fd) < 0 ? sys(p, errno, err) : 0;
}

int part_adopt(struct blob_part *p, struct store *store, struct err *err)
{
	int rc = store_adopt_blob(store, p->name, p->digest, err);

	p->adopted = rc == 0;
	return rc;
}
