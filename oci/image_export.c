// SPDX-License-Identifier: Apache-2.0
/* `save`: images as another layout, in a folder or in a tar. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/aside.h"
#include "base/err.h"
#include "base/util.h"
#include "oci/archive.h"
#include "oci/image_internal.h"
#include "oci/load.h"
#include "oci/signatures.h"

#define COPY_BYTES (128u << 10)

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

/* The images to write, with their stores; behind them their signatures; and the index of all. */
struct export
{
	struct export_image {
		struct store *store;
		const struct index_entry *entry; /* of that store's index */
	} * images;
	size_t count;
	struct index *index;
	const struct image_place *from; /* whose signatures are being added */
};

static void export_release(struct export *e)
{
	for (size_t i = 0; i < e->count; i++)
		store_close(e->images[i].store);
	free(e->images);
	index_free(e->index);
}

static int add_signature(void *ctx, const struct index_entry *entry, struct err *err)
{
	struct export *e = ctx;
	struct export_image *image;
	int rc = index_put(e->index, entry->name, &entry->desc, err);

	if (rc < 0)
		return rc;
	e->images = xreallocarray(e->images, e->count + 1, sizeof(*e->images));
	image = &e->images[e->count++];
	*image = (struct export_image){ 0 };
	rc = store_open_read(&image->store, e->from->store, err);
	return rc < 0 ? rc : image_find_entry(image->store, entry->name, &image->entry, err);
}

static int export_init(struct export *e, const struct image_place *places, size_t count,
		       struct err *err)
{
	int rc = index_parse(NULL, 0, &e->index, err);

	e->images = xcalloc(count + 1, sizeof(*e->images));
	for (; rc == 0 && e->count < count; e->count++) {
		const struct image_place *place = &places[e->count];
		struct export_image *image = &e->images[e->count];

		rc = store_open_read(&image->store, place->store, err);
		if (rc == 0)
			rc = image_find_entry(image->store, place->name, &image->entry, err);
		if (rc == 0)
			rc = index_put(e->index, image->entry->name, &image->entry->desc, err);
	}
	for (size_t i = 0; rc == 0 && i < count; i++) {
		e->from = &places[i];
		rc = signatures_each(e->images[i].store, e->images[i].entry->desc.digest,
				     add_signature, e, err);
	}
	return rc;
}

static int write_tar(const struct export *e, int fd, struct err *err)
{
	struct saving s = { 0 };
	_cleanup_free_ char *text = index_write(e->index);
	int rc = archive_writer_new(fd, &s.writer, err);

	if (rc < 0)
		return rc;
	rc = add_text(s.writer, "oci-layout", STORE_LAYOUT_TEXT, err);
	if (rc == 0)
		rc = add_text(s.writer, "index.json", text, err);
	for (size_t i = 0; rc == 0 && i < e->count; i++) {
		s.store = e->images[i].store;
		rc = store_walk_tree(s.store, &e->images[i].entry->desc, save_blob, &s, err);
	}
	if (rc == 0)
		rc = archive_writer_end(s.writer, err);
	archive_writer_free(s.writer);
	free(s.written);
	return rc;
}

/* Pipes and devices are written into: they have no other content, and are not to be replaced. */
static int save_special(const struct export *e, const char *to, struct err *err)
{
	_cleanup_close_ int fd = open(to, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? err_sys(err, errno, "cannot write %s", to) : write_tar(e, fd, err);
}

/* Written aside and renamed: a file of this name is whole, or what it was. */
static int save_aside(const struct export *e, const char *to, struct err *err)
{
	_cleanup_(aside_release) struct aside aside = ASIDE_INIT;
	mode_t mask = umask(0);
	int rc = aside_open(&aside, to);

	umask(mask);
	if (rc < 0)
		return err_sys(err, -rc, "cannot write %s", to);
	rc = write_tar(e, aside.fd, err);
	if (rc < 0)
		return rc;
	if (fchmod(aside.fd, 0666 & ~mask) < 0 || fsync(aside.fd) < 0)
		return err_sys(err, errno, "cannot write %s", to);
	rc = aside_commit(&aside, true);
	return rc < 0 ? err_sys(err, -rc, "cannot write %s", to) : 0;
}

static int save_file(const struct export *e, const char *to, struct err *err)
{
	struct stat st;

	return stat(to, &st) == 0 && !S_ISREG(st.st_mode) ? save_special(e, to, err)
							  : save_aside(e, to, err);
}

static int save_folder(const struct export *e, const char *to, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < e->count; i++)
		rc = image_copy_entry(e->images[i].store, to, e->images[i].entry, err);
	return rc;
}

int image_export(const struct image_place *images, size_t count, const char *to, struct err *err)
{
	_cleanup_(export_release) struct export e = { 0 };
	int rc = export_init(&e, images, count, err);

	if (rc < 0)
		return rc;
	if (streq(to, "-"))
		return write_tar(&e, STDOUT_FILENO, err);
	return load_is_folder(to) ? save_folder(&e, to, err) : save_file(&e, to, err);
}
