// SPDX-License-Identifier: Apache-2.0
#include "oci/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/dynlib.h"
#include "base/util.h"

#define LIBRARY "libarchive.so.13"
#define PACKAGE "libarchive13"
#define BLOCK_BYTES (64u << 10)

struct archive_api {
	__typeof__(&archive_read_new) read_new;
	__typeof__(&archive_read_free) read_free;
	__typeof__(&archive_read_support_format_tar) format_tar;
	__typeof__(&archive_read_support_format_empty) format_empty;
	__typeof__(&archive_read_support_filter_gzip) filter_gzip;
	__typeof__(&archive_read_support_filter_zstd) filter_zstd;
	__typeof__(&archive_read_open_memory) open_memory;
	__typeof__(&archive_read_open_fd) open_fd;
	__typeof__(&archive_read_next_header) next_header;
	__typeof__(&archive_read_data) read_data;
	__typeof__(&archive_error_string) error_string;
	__typeof__(&archive_errno) error_code;
	__typeof__(&archive_entry_pathname) pathname;
	__typeof__(&archive_entry_filetype) filetype;
	__typeof__(&archive_entry_hardlink) hardlink;
	__typeof__(&archive_entry_size) size;
	__typeof__(&archive_entry_new) entry_new;
	__typeof__(&archive_entry_free) entry_free;
	__typeof__(&archive_entry_set_pathname) set_pathname;
	__typeof__(&archive_entry_set_size) set_size;
	__typeof__(&archive_entry_set_filetype) set_filetype;
	__typeof__(&archive_entry_set_perm) set_perm;
	__typeof__(&archive_entry_set_symlink) set_symlink;
	__typeof__(&archive_entry_clear) entry_clear;
	__typeof__(&archive_write_new) write_new;
	__typeof__(&archive_write_free) write_free;
	__typeof__(&archive_write_close) write_close;
	__typeof__(&archive_write_set_format_pax_restricted) write_pax;
	__typeof__(&archive_write_open_fd) write_open_fd;
	__typeof__(&archive_write_header) write_header;
	__typeof__(&archive_write_data) write_data;
};

static int load(struct archive_api *api, struct err *err)
{
	const struct dynlib_symbol symbols[] = {
		{ "archive_read_new", &api->read_new },
		{ "archive_read_free", &api->read_free },
		{ "archive_read_support_format_tar", &api->format_tar },
		{ "archive_read_support_format_empty", &api->format_empty },
		{ "archive_read_support_filter_gzip", &api->filter_gzip },
		{ "archive_read_support_filter_zstd", &api->filter_zstd },
		{ "archive_read_open_memory", &api->open_memory },
		{ "archive_read_open_fd", &api->open_fd },
		{ "archive_read_next_header", &api->next_header },
		{ "archive_read_data", &api->read_data },
		{ "archive_error_string", &api->error_string },
		{ "archive_errno", &api->error_code },
		{ "archive_entry_pathname", &api->pathname },
		{ "archive_entry_filetype", &api->filetype },
		{ "archive_entry_hardlink", &api->hardlink },
		{ "archive_entry_size", &api->size },
		{ "archive_entry_new", &api->entry_new },
		{ "archive_entry_free", &api->entry_free },
		{ "archive_entry_set_pathname", &api->set_pathname },
		{ "archive_entry_set_size", &api->set_size },
		{ "archive_entry_set_filetype", &api->set_filetype },
		{ "archive_entry_set_perm", &api->set_perm },
		{ "archive_entry_set_symlink", &api->set_symlink },
		{ "archive_entry_clear", &api->entry_clear },
		{ "archive_write_new", &api->write_new },
		{ "archive_write_free", &api->write_free },
		{ "archive_write_close", &api->write_close },
		{ "archive_write_set_format_pax_restricted", &api->write_pax },
		{ "archive_write_open_fd", &api->write_open_fd },
		{ "archive_write_header", &api->write_header },
		{ "archive_write_data", &api->write_data },
	};

	return dynlib_open(NULL, LIBRARY, PACKAGE, "cannot read archives", symbols,
			   ARRAY_LEN(symbols), err);
}

/* --- reading --------------------------------------------------------------------------------- */

struct archive_reader {
	struct archive_api api;
	struct archive *archive;
};

static void reader_release(struct archive_reader *r)
{
	if (r->archive)
		r->api.read_free(r->archive);
}

static int damaged(struct archive_reader *r, struct err *err)
{
	const char *why = r->api.error_string(r->archive);

	return err_set(err, EBADMSG, "the archive is damaged: %s",
		       why ? why : "no reason is given");
}

static int reader_open(struct archive_reader *r, struct err *err)
{
	int rc = load(&r->api, err);

	if (rc < 0)
		return rc;
	r->archive = r->api.read_new();
	if (!r->archive)
		return err_set(err, ENOMEM, "libarchive has no memory");
	/* A filter that is missing is found when something needs it. */
	r->api.format_tar(r->archive);
	/* No bytes at all: a layer without a file. */
	r->api.format_empty(r->archive);
	r->api.filter_gzip(r->archive);
	r->api.filter_zstd(r->archive);
	return 0;
}

static enum archive_kind kind_of(struct archive_reader *r, struct archive_entry *entry)
{
	if (r->api.hardlink(entry))
		return ARCHIVE_OTHER;
	return r->api.filetype(entry) == S_IFREG   ? ARCHIVE_FILE
	       : r->api.filetype(entry) == S_IFDIR ? ARCHIVE_FOLDER
						   : ARCHIVE_OTHER;
}

static int walk(struct archive_reader *r, archive_fn fn, void *ctx, struct err *err)
{
	struct archive_entry *entry;
	int code, rc = 0;

	for (unsigned n = 0; rc == 0; n++) {
		struct archive_item item;

		code = r->api.next_header(r->archive, &entry);
		if (code == ARCHIVE_EOF)
			return 0;
		if (code < ARCHIVE_WARN)
			return damaged(r, err);
		if (n == ARCHIVE_MAX_ENTRIES)
			return err_set(err, EFBIG, "the archive has more than %d entries",
				       ARCHIVE_MAX_ENTRIES);
		item = (struct archive_item){
			.name = r->api.pathname(entry),
			.kind = kind_of(r, entry),
			.hardlink = r->api.hardlink(entry),
			.size_bytes = (uint64_t)MAX(r->api.size(entry), (la_int64_t)0),
		};
		if (item.name && r->api.size(entry) >= 0)
			rc = fn(ctx, r, &item, err);
	}
	return rc;
}

int archive_walk(int fd, archive_fn fn, void *ctx, struct err *err)
{
	_cleanup_(reader_release) struct archive_reader r = { 0 };
	int rc = reader_open(&r, err);

	if (rc < 0)
		return rc;
	if (r.api.open_fd(r.archive, fd, BLOCK_BYTES) != ARCHIVE_OK)
		return damaged(&r, err);
	return walk(&r, fn, ctx, err);
}

long archive_read(struct archive_reader *r, void *bytes, size_t len, struct err *err)
{
	la_ssize_t n = r->api.read_data(r->archive, bytes, len);

	return n < 0 ? damaged(r, err) : n;
}

int archive_walk_memory(const void *bytes, size_t len, archive_fn fn, void *ctx, struct err *err)
{
	_cleanup_(reader_release) struct archive_reader r = { 0 };
	int rc = reader_open(&r, err);

	if (rc < 0)
		return rc;
	if (r.api.open_memory(r.archive, bytes, len) != ARCHIVE_OK)
		return damaged(&r, err);
	return walk(&r, fn, ctx, err);
}

/* --- writing --------------------------------------------------------------------------------- */

struct archive_writer {
	struct archive_api api;
	struct archive *archive;
	struct archive_entry *entry;
};

static int unwritten(struct archive_writer *w, struct err *err)
{
	const char *why = w->api.error_string(w->archive);
	int code = w->api.error_code(w->archive);

	/* Negative ones are the library's own. */
	if (code > 0 && code != EIO)
		return err_sys(err, code, "cannot write the archive");
	return err_set(err, EIO, "cannot write the archive: %s", why ? why : "no reason is given");
}

int archive_writer_new(int fd, struct archive_writer **ret, struct err *err)
{
	struct archive_writer *w = xcalloc(1, sizeof(*w));
	int rc = load(&w->api, err);

	if (rc == 0) {
		w->archive = w->api.write_new();
		w->entry = w->api.entry_new();
		w->api.write_pax(w->archive);
		if (w->api.write_open_fd(w->archive, fd) != ARCHIVE_OK)
			rc = unwritten(w, err);
	}
	if (rc < 0)
		archive_writer_free(w);
	else
		*ret = w;
	return rc;
}

int archive_add(struct archive_writer *w, const char *name, uint64_t size_bytes, struct err *err)
{
	return archive_add_as(w, name, ARCHIVE_FILE, 0644, NULL, size_bytes, err);
}

int archive_add_as(struct archive_writer *w, const char *name, enum archive_kind kind,
		   unsigned mode, const char *link, uint64_t size_bytes, struct err *err)
{
	w->api.entry_clear(w->entry);
	w->api.set_pathname(w->entry, name);
	w->api.set_size(w->entry, (la_int64_t)size_bytes);
	w->api.set_filetype(w->entry, link		       ? AE_IFLNK
				      : kind == ARCHIVE_FOLDER ? AE_IFDIR
							       : AE_IFREG);
	if (link)
		w->api.set_symlink(w->entry, link);
	w->api.set_perm(w->entry, (mode_t)mode);
	return w->api.write_header(w->archive, w->entry) == ARCHIVE_OK ? 0 : unwritten(w, err);
}

int archive_write_bytes(struct archive_writer *w, const void *bytes, size_t len, struct err *err)
{
	return w->api.write_data(w->archive, bytes, len) == (la_ssize_t)len ? 0 : unwritten(w, err);
}

int archive_writer_end(struct archive_writer *w, struct err *err)
{
	return w->api.write_close(w->archive) == ARCHIVE_OK ? 0 : unwritten(w, err);
}

void archive_writer_free(struct archive_writer *w)
{
	if (w->entry)
		w->api.entry_free(w->entry);
	if (w->archive)
		w->api.write_free(w->archive);
	free(w);
}
