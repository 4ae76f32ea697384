// SPDX-License-Identifier: Apache-2.0
/*
 * `load`: images of another layout, from a folder or a tar. A layout from elsewhere is as untrusted
 * as a registry: names in a tar choose nothing but the blob that they claim to be.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/archive.h"
#include "oci/docker_archive.h"
#include "oci/format/json.h"
#include "oci/image_internal.h"
#include "oci/load.h"
#include "oci/remote.h"
#include "oci/store/part.h"

#define COPY_BYTES (128u << 10)

static int load_index(struct loading *l, struct archive_reader *reader, uint64_t size_bytes,
		      struct err *err)
{
	_cleanup_free_ char *bytes = NULL;
	size_t len = 0;
	long n = 1;

	if (l->index || size_bytes > JSON_MAX_BYTES)
		return err_set(err, EBADMSG,
			       "the archive has a second index.json, or one that is "
			       "too large");
	bytes = xcalloc(1, size_bytes + 1);
	while (n > 0 && len < size_bytes) {
		n = archive_read(reader, bytes + len, size_bytes - len, err);
		if (n < 0)
			return (int)n;
		len += (size_t)n;
	}
	return index_parse(bytes, len, &l->index, err);
}

static int on_file(void *ctx, struct archive_reader *reader, const struct archive_item *item,
		   struct err *err)
{
	struct loading *l = ctx;
	const char *name = item->name;
	char digest[DIGEST_ROOM];

	/* Files that are not read are unpacked all the same. */
	if (item->size_bytes > REMOTE_MAX_BYTES - l->seen_bytes)
		return err_set(err, EFBIG, "the archive holds more than %llu bytes",
			       (unsigned long long)REMOTE_MAX_BYTES);
	l->seen_bytes += item->size_bytes;
	if (item->kind != ARCHIVE_FILE)
		return 0;
	if (has_prefix(name, "./"))
		name += 2;
	if (streq(name, "index.json"))
		return load_index(l, reader, item->size_bytes, err);
	l->docker = l->docker || streq(name, "manifest.json");
	if (!has_prefix(name, BLOBS_PREFIX))
		return 0;
	snprintf(digest, sizeof(digest), DIGEST_PREFIX "%.64s", name + strlen(BLOBS_PREFIX));
	if (strlen(name) != strlen(BLOBS_PREFIX) + DIGEST_HEX_DIGITS || !digest_valid(digest))
		return err_set(err, EBADMSG, "'%s' in the archive is not the name of a blob", name);
	return load_blob(l, reader, digest, item->size_bytes, err);
}

static int no_names(const struct index *index, struct err *err)
{
	if (!index_has_bad_names(index))
		return err_set(err, ENOENT, "no image in it has a name");
	err_hint(err, "letters, digits and . _ - / : @ +, beginning with a letter or digit");
	return err_set(err, EBADMSG, "no image in it has a name that images can have");
}

static int put_entries(struct store *store, const struct index *index, struct err *err)
{
	size_t count;
	const struct index_entry *entries = index_entries(index, &count);
	int rc = 0;

	if (!count)
		return no_names(index, err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = image_check_name(entries[i].name, err);
		if (rc == 0)
			rc = store_check_tree(store, &entries[i].desc, err);
		if (rc == 0)
			rc = index_put(store_index(store), entries[i].name, &entries[i].desc, err);
		if (rc < 0)
			err_wrap(err, "%s", entries[i].name);
	}
	return rc == -ENOENT ? -EBADMSG : rc;
}

static int commit(const char *path, struct loading *l, const struct load_documents *documents,
		  struct err *err)
{
	_cleanup_store_ struct store *locked = NULL;
	char digest[DIGEST_ROOM];
	int rc = store_open_write(&locked, path, err);

	for (size_t i = 0; rc == 0 && i < l->parts.count; i++)
		rc = part_adopt(l->parts.list[i], locked, err);
	for (size_t i = 0; rc == 0 && i < documents->count; i++)
		rc = store_put_blob(locked, documents->texts[i], strlen(documents->texts[i]),
				    digest, err);
	if (rc == 0)
		rc = put_entries(locked, l->index, err);
	return rc < 0 ? rc : store_commit(locked, err);
}

static int load_tar(const char *path, int fd, struct loading *l, struct err *err)
{
	_cleanup_(load_documents_release) struct load_documents documents = { 0 };
	int rc = archive_walk(fd, on_file, l, err);

	if (rc == 0 && !l->index && l->docker)
		rc = load_docker(l, fd, &documents, err);
	if (rc == 0 && !l->index)
		rc = err_set(err, EBADMSG, "there is no index.json in it");
	return rc < 0 ? rc : commit(path, l, &documents, err);
}

static int load_folder(const char *path, const char *from, struct loading *l, struct err *err)
{
	_cleanup_store_ struct store *source = NULL;
	const struct index_entry *entries;
	size_t count;
	int rc = store_open_read(&source, from, err);

	if (rc < 0)
		return rc;
	entries = index_entries(store_index(source), &count);
	if (!count)
		return no_names(store_index(source), err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = image_check_name(entries[i].name, err);
		if (rc == 0)
			rc = image_copy_entry(source, path, &entries[i], err);
	}
	if (rc < 0)
		return rc;
	l->index = store_take_index(source);
	return 0;
}

/*
 * A pipe can be read once; what it brings is kept in a file without a name, in the store's folder
 * where the blobs will be. The file, read from its start.
 */
static int spool(const char *path, int from, struct err *err)
{
	_cleanup_free_ char *name = xasprintf("%s/.tmp-XXXXXX", path);
	_cleanup_free_ void *bytes = xmalloc(COPY_BYTES);
	_cleanup_close_ int fd = mkostemp(name, O_CLOEXEC);
	uint64_t total = 0;
	ssize_t n;

	if (fd < 0)
		return err_sys(err, errno, "cannot write %s", name);
	unlink(name);
	while ((n = read(from, bytes, COPY_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "cannot read it");
		total += (uint64_t)n;
		if (total > REMOTE_MAX_BYTES)
			return err_set(err, EFBIG, "it is larger than %llu bytes",
				       (unsigned long long)REMOTE_MAX_BYTES);
		n = write_all(fd, bytes, (size_t)n);
		if (n < 0)
			return err_sys(err, (int)-n, "cannot keep it in %s", path);
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? err_sys(err, errno, "%s", path) : steal_fd(&fd);
}

static int load(const char *path, const char *from, struct loading *l, struct err *err)
{
	_cleanup_close_ int fd = -1;

	if (load_is_folder(from))
		return load_folder(path, from, l, err);
	fd = streq(from, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			      : open(from, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "cannot open it");
	if (lseek(fd, 0, SEEK_CUR) < 0) {
		int pipe_fd = steal_fd(&fd);

		fd = spool(path, pipe_fd, err);
		close(pipe_fd);
	}
	return fd < 0 ? fd : load_tar(path, fd, l, err);
}

int image_import(const char *path, const char *from, void (*fn)(void *ctx, const char *name),
		 void *ctx, struct err *err)
{
	_cleanup_store_ struct store *made = NULL;
	struct loading l = { 0 };
	size_t count = 0;
	int rc = store_open_write(&made, path, err);

	if (rc < 0)
		return rc;
	store_close(steal_ptr(&made));
	rc = store_open_read(&l.store, path, err);
	if (rc == 0)
		rc = load(path, from, &l, err);
	if (rc < 0)
		err_wrap(err, "%s", streq(from, "-") ? "standard input" : from);
	if (rc == 0 && l.index) {
		const struct index_entry *entries = index_entries(l.index, &count);

		for (size_t i = 0; i < count; i++)
			fn(ctx, entries[i].name);
	}
	blob_parts_release(&l.parts);
	index_free(l.index);
	store_close(l.store);
	return rc;
}
