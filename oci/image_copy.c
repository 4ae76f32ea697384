// SPDX-License-Identifier: Apache-2.0
/*
 * save and load: images as another layout, in a folder or in a tar. A layout from elsewhere is as
 * untrusted as a registry: names in a tar choose nothing but the blob that they claim to be.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/aside.h"
#include "base/err.h"
#include "base/util.h"
#include "oci/archive.h"
#include "oci/image_internal.h"
#include "oci/format/json.h"
#include "oci/load.h"
#include "oci/store/part.h"
#include "oci/remote.h"

#define BLOBS_PREFIX "blobs/sha256/"
#define LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define COPY_BYTES (128u << 10)

/* --- a blob from store to store -------------------------------------------------------------- */

static void parts_release(struct blob_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		part_free(parts->list[i]);
	free(parts->list);
}

static void parts_add(struct blob_parts *parts, struct blob_part *part)
{
	parts->list = xreallocarray(parts->list, parts->count + 1, sizeof(*parts->list));
	parts->list[parts->count++] = part;
}

static bool parts_have(const struct blob_parts *parts, const char *digest)
{
	for (size_t i = 0; i < parts->count; i++)
		if (streq(part_digest(parts->list[i]), digest))
			return true;
	return false;
}

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

	if (parts_have(&c->parts, desc->digest))
		return 0;
	fd = store_open_blob(c->from, desc->digest, desc->size_bytes, err);
	if (fd < 0)
		return fd == -ENOENT ? -EBADMSG : fd;
	rc = part_open(c->to, desc->digest, desc->size_bytes, &part, err);
	if (rc)
		return MIN(rc, 0);
	parts_add(&c->parts, part);
	return copy_bytes(fd, part, err);
}

/* The blobs first, then the name. 1: a blob that was there went away in between. */
static int copy_entry(struct store *from, const char *to_path, const struct index_entry *entry,
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
	parts_release(&c.parts);
	return rc;
}

/* --- to a tar -------------------------------------------------------------------------------- */

struct saving {
	struct store *store;
	struct archive_writer *writer;
	char (*written)[DIGEST_ROOM];
	size_t count;
};

static int add_text(struct archive_writer *writer, const char *name, const char *text,
		    struct err *err)
{
	int rc = archive_add(writer, name, strlen(text), err);

	return rc < 0 ? rc : archive_write_bytes(writer, text, strlen(text), err);
}

static int save_blob(void *ctx, const struct descriptor *desc, bool is_document, struct err *err)
{
	struct saving *s = ctx;
	_cleanup_free_ char *name = xasprintf(BLOBS_PREFIX "%s", digest_hex(desc->digest));
	_cleanup_free_ void *bytes = NULL;
	_cleanup_close_ int fd = -1;
	uint64_t left = desc->size_bytes;
	int rc;

	for (size_t i = 0; i < s->count; i++)
		if (streq(s->written[i], desc->digest))
			return 0;
	s->written = xreallocarray(s->written, s->count + 1, sizeof(*s->written));
	memcpy(s->written[s->count++], desc->digest, DIGEST_ROOM);
	fd = store_open_blob(s->store, desc->digest, desc->size_bytes, err);
	if (fd < 0)
		return fd == -ENOENT ? -EBADMSG : fd;
	bytes = xmalloc(COPY_BYTES);
	rc = archive_add(s->writer, name, desc->size_bytes, err);
	while (rc == 0 && left) {
		ssize_t n = read(fd, bytes, MIN((uint64_t)COPY_BYTES, left));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(err, EIO, "the blob %s ends too early", desc->digest);
		rc = archive_write_bytes(s->writer, bytes, (size_t)n, err);
		left -= (uint64_t)n;
	}
	return rc;
}

static int find_all(struct store *store, const char *const *names, size_t count,
		    struct index *index, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct index_entry *entry = NULL;
		int rc = image_find_entry(store, names[i], &entry, err);

		if (rc == 0)
			rc = index_put(index, entry->name, &entry->desc, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int write_tar(struct store *store, const struct index *index, int fd, struct err *err)
{
	struct saving s = { .store = store };
	size_t count;
	const struct index_entry *entries = index_entries(index, &count);
	_cleanup_free_ char *text = index_write(index);
	int rc = archive_writer_new(fd, &s.writer, err);

	if (rc < 0)
		return rc;
	rc = add_text(s.writer, "oci-layout", LAYOUT_TEXT, err);
	if (rc == 0)
		rc = add_text(s.writer, "index.json", text, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = store_walk_tree(store, &entries[i].desc, save_blob, &s, err);
	if (rc == 0)
		rc = archive_writer_end(s.writer, err);
	archive_writer_free(s.writer);
	free(s.written);
	return rc;
}

/* Pipes and devices are written into: they have no other content, and are not to be replaced. */
static int save_special(struct store *store, const struct index *index, const char *to,
			struct err *err)
{
	_cleanup_close_ int fd = open(to, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? err_sys(err, errno, "cannot write %s", to)
		      : write_tar(store, index, fd, err);
}

/* Written aside and renamed: a file of this name is whole, or what it was. */
static int save_aside(struct store *store, const struct index *index, const char *to,
		      struct err *err)
{
	_cleanup_(aside_release) struct aside aside = ASIDE_INIT;
	mode_t mask = umask(0);
	int rc = aside_open(&aside, to);

	umask(mask);
	if (rc < 0)
		return err_sys(err, -rc, "cannot write %s", to);
	rc = write_tar(store, index, aside.fd, err);
	if (rc < 0)
		return rc;
	if (fchmod(aside.fd, 0666 & ~mask) < 0 || fsync(aside.fd) < 0)
		return err_sys(err, errno, "cannot write %s", to);
	rc = aside_commit(&aside, true);
	return rc < 0 ? err_sys(err, -rc, "cannot write %s", to) : 0;
}

static int save_file(struct store *store, const struct index *index, const char *to,
		     struct err *err)
{
	struct stat st;

	return stat(to, &st) == 0 && !S_ISREG(st.st_mode) ? save_special(store, index, to, err)
							  : save_aside(store, index, to, err);
}

static bool is_folder(const char *path)
{
	struct stat st;
	size_t len = strlen(path);

	return (len && path[len - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static int save_folder(struct store *store, const struct index *index, const char *to,
		       struct err *err)
{
	size_t count;
	const struct index_entry *entries = index_entries(index, &count);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = copy_entry(store, to, &entries[i], err);
	return rc;
}

static void free_index(struct index **index)
{
	index_free(*index);
}

int image_export(const char *path, const char *const *names, size_t count, const char *to,
		 struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	_cleanup_(free_index) struct index *index = NULL;
	int rc = store_open_read(&store, path, err);

	if (rc == 0)
		rc = index_parse(NULL, 0, &index, err);
	if (rc == 0)
		rc = find_all(store, names, count, index, err);
	if (rc < 0)
		return rc;
	if (streq(to, "-"))
		return write_tar(store, index, STDOUT_FILENO, err);
	return is_folder(to) ? save_folder(store, index, to, err)
			     : save_file(store, index, to, err);
}

/* --- from a tar ------------------------------------------------------------------------------ */

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
	if (parts_have(&l->parts, digest))
		return err_set(err, EBADMSG, "the archive holds %s twice", digest);
	rc = part_open(l->store, digest, size_bytes, &part, err);
	if (rc)
		return MIN(rc, 0);
	parts_add(&l->parts, part);
	bytes = xmalloc(COPY_BYTES);
	rc = part_restart(part, err);
	while (rc == 0 && n > 0) {
		n = archive_read(reader, bytes, COPY_BYTES, err);
		rc = n < 0 ? (int)n : part_write(part, bytes, (size_t)n, err);
	}
	return rc < 0 ? rc : part_finish(part, err);
}

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
			rc = copy_entry(source, path, &entries[i], err);
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

	if (is_folder(from))
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
	parts_release(&l.parts);
	index_free(l.index);
	store_close(l.store);
	return rc;
}
