/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives. Boundary file of libarchive, which is loaded when it is needed. Nothing is ever
 * unpacked to where a name in an archive says.
 */
#ifndef BOMBUS_OCI_ARCHIVE_H
#define BOMBUS_OCI_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define ARCHIVE_MAX_ENTRIES 10000

enum archive_kind { ARCHIVE_FILE, ARCHIVE_FOLDER, ARCHIVE_OTHER };

struct archive_item {
	const char *name; /* as it stands in the archive: no path to open */
	enum archive_kind kind;
	const char *hardlink; /* the name it is a second one of; NULL: none. Then it is OTHER */
	uint64_t size_bytes;  /* of its content, links and specials included */
};

/* Calls fn for each entry, in the archive's order; fn may read a file with archive_read(). Its
 * value, if it is not 0, ends the walk. `fd` may be a pipe. No bytes at all are an archive without
 * entries. */
struct archive_reader;
typedef int (*archive_fn)(void *ctx, struct archive_reader *reader, const struct archive_item *item,
			  struct err *err);
int archive_walk(int fd, archive_fn fn, void *ctx, struct err *err);
int archive_walk_memory(const void *bytes, size_t len, archive_fn fn, void *ctx, struct err *err);
/* Up to `len` bytes of the current file; 0: its end. */
long archive_read(struct archive_reader *reader, void *bytes, size_t len, struct err *err);

/* A tar archive written to fd, with entries that do not depend on when or by whom. */
struct archive_writer;
int archive_writer_new(int fd, struct archive_writer **ret, struct err *err);
int archive_add(struct archive_writer *writer, const char *name, uint64_t size_bytes,
		struct err *err);
/* As archive_add(), for a file or a folder with these permissions, or, if `link` is not NULL, for a
 * symbolic link to it. */
int archive_add_as(struct archive_writer *writer, const char *name, enum archive_kind kind,
		   unsigned mode, const char *link, uint64_t size_bytes, struct err *err);
int archive_write_bytes(struct archive_writer *writer, const void *bytes, size_t len,
			struct err *err);
int archive_writer_end(struct archive_writer *writer, struct err *err);
void archive_writer_free(struct archive_writer *writer);

#endif
