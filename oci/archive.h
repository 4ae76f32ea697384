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

/*
 * The one eBPF object in a layer (tar, perhaps gzip or zstd), whatever it is called; malloc'ed.
 * -ENOENT: there is none; -EBADMSG: several, or the archive is damaged; -EFBIG: more than
 * max_bytes of content. Links and everything else that is not a plain file do not count.
 */
int archive_find_object(const void *layer, size_t len, size_t max_bytes, void **ret,
			size_t *ret_len, struct err *err);

/* Calls fn for each plain file, in the archive's order; fn may read it with archive_read(). Its
 * value, where it is not 0, ends the walk. `fd` may be a pipe. */
struct archive_reader;
typedef int (*archive_fn)(void *ctx, struct archive_reader *reader, const char *name,
			  uint64_t size_bytes, struct err *err);
int archive_walk(int fd, archive_fn fn, void *ctx, struct err *err);
/* Up to `len` bytes of the current file; 0: its end. */
long archive_read(struct archive_reader *reader, void *bytes, size_t len, struct err *err);

/* A tar archive written to fd, with entries that do not depend on when or by whom. */
struct archive_writer;
int archive_writer_new(int fd, struct archive_writer **ret, struct err *err);
int archive_add(struct archive_writer *writer, const char *name, uint64_t size_bytes,
		struct err *err);
int archive_write_bytes(struct archive_writer *writer, const void *bytes, size_t len,
			struct err *err);
int archive_writer_end(struct archive_writer *writer, struct err *err);
void archive_writer_free(struct archive_writer *writer);

#endif
