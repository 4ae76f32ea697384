// SPDX-License-Identifier: Apache-2.0
#include "oci/layers.h"

#include <elf.h>
#include <errno.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "oci/archive.h"

#define READ_BYTES (64u << 10)
#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

struct layers_object {
	char *path; /* without "./", "/" and "//" */
	unsigned layer;
	char *bytes;
	size_t len;
};

void layers_release(struct layers *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->objects[i].path);
		free(l->objects[i].bytes);
	}
	free(l->objects);
	*l = (struct layers){ 0 };
}

static void drop(struct layers *l, size_t i)
{
	l->bytes -= l->objects[i].len;
	free(l->objects[i].path);
	free(l->objects[i].bytes);
	l->objects[i] = l->objects[--l->count];
}

/* "./a//b/" and "/a/b" are "a/b". ".." keeps its place: no file system is asked for it. */
static char *plain_path(const char *name)
{
	char *path = xstrdup(name), *to = path;

	for (const char *from = name; *from;) {
		size_t len = strcspn(from, "/");

		if (len && !(len == 1 && *from == '.')) {
			if (to != path)
				*to++ = '/';
			memmove(to, path + (from - name), len);
			to += len;
		}
		from += len + (from[len] == '/');
	}
	*to = '\0';
	return path;
}

static bool is_below(const char *path, const char *folder, size_t len)
{
	return len == 0 || (strncmp(path, folder, len) == 0 && path[len] == '/');
}

/* Takes away what the layers below have at `path` (of `len` bytes), and below it if `below`. */
static void hide(struct layers *l, const char *path, size_t len, bool itself, bool below)
{
	for (size_t i = l->count; i-- > 0;) {
		const struct layers_object *o = &l->objects[i];
		bool same = strlen(o->path) == len && memcmp(o->path, path, len) == 0;

		if (o->layer < l->layer &&
		    ((itself && same) || (below && is_below(o->path, path, len))))
			drop(l, i);
	}
}

/* Whether it is one, and what it hides is hidden. */
static bool take_whiteout(struct layers *l, char *path)
{
	char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t folder_len = slash ? (size_t)(slash - path) : 0, len;

	if (streq(name, OPAQUE)) {
		hide(l, path, folder_len, false, true);
		return true;
	}
	if (!has_prefix(name, WHITEOUT))
		return false;
	len = strlen(name + strlen(WHITEOUT));
	memmove(name, name + strlen(WHITEOUT), len + 1);
	hide(l, path, strlen(path), true, true);
	return true;
}

static bool is_object(const char *bytes, size_t len)
{
	Elf64_Ehdr header;

	if (len < sizeof(header))
		return false;
	memcpy(&header, bytes, sizeof(header));
	return memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	       header.e_ident[EI_CLASS] == ELFCLASS64 &&
	       (header.e_machine == EM_BPF || header.e_machine == __builtin_bswap16(EM_BPF));
}

static bool is_native(const struct layers_object *o)
{
	unsigned char native =
		__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

	return (unsigned char)o->bytes[EI_DATA] == native;
}

/* A later file of the same name in one archive replaces the earlier one. */
static int keep(struct layers *l, const char *path, char *bytes, size_t len, struct err *err)
{
	for (size_t i = l->count; i-- > 0;)
		if (streq(l->objects[i].path, path))
			drop(l, i);
	if (len > l->max_bytes - l->bytes) {
		free(bytes);
		return err_set(err, EFBIG, "the archive holds objects of more than %zu bytes",
			       l->max_bytes);
	}
	l->objects = xreallocarray(l->objects, l->count + 1, sizeof(*l->objects));
	l->objects[l->count++] = (struct layers_object){ xstrdup(path), l->layer, bytes, len };
	l->bytes += len;
	return 0;
}

static int read_file_entry(struct layers *l, struct archive_reader *reader, const char *path,
			   struct err *err)
{
	_cleanup_strbuf_ struct strbuf content = STRBUF_INIT(l->max_bytes);
	size_t len;
	long n;

	do {
		char *room = strbuf_reserve(&content, READ_BYTES);

		if (!room)
			return err_set(err, EFBIG, "'%s' in the archive is too large", path);
		n = archive_read(reader, room, READ_BYTES, err);
		if (n < 0)
			return (int)n;
		strbuf_advance(&content, (size_t)n);
	} while (n && (content.len < sizeof(Elf64_Ehdr) || is_object(content.buf, content.len)));
	if (!is_object(content.buf, content.len))
		return 0;
	len = content.len;
	return keep(l, path, strbuf_steal(&content), len, err);
}

/* A hard link is a second name of a file of this or of a lower layer. */
static int link_file(struct layers *l, const char *path, const char *target, struct err *err)
{
	_cleanup_free_ char *plain = plain_path(target);

	for (size_t i = 0; i < l->count; i++) {
		const struct layers_object *o = &l->objects[i];
		char *copy;

		if (!streq(o->path, plain) || streq(path, plain))
			continue;
		copy = xmalloc(o->len);
		memcpy(copy, o->bytes, o->len);
		return keep(l, path, copy, o->len, err);
	}
	return 0;
}

static int on_entry(void *ctx, struct archive_reader *reader, const struct archive_item *item,
		    struct err *err)
{
	struct layers *l = ctx;
	_cleanup_free_ char *path = plain_path(item->name);
	uint64_t max = (uint64_t)l->max_bytes * LAYERS_MAX_RATIO;

	/* What is not read is unpacked all the same, to get to what follows. */
	if (item->size_bytes > max - l->unpacked_bytes)
		return err_set(err, EFBIG, "the archive unpacks to more than %llu bytes",
			       (unsigned long long)max);
	l->unpacked_bytes += item->size_bytes;
	if (take_whiteout(l, path))
		return 0;
	hide(l, path, strlen(path), true, item->kind != ARCHIVE_FOLDER);
	if (item->hardlink)
		return link_file(l, path, item->hardlink, err);
	return item->kind == ARCHIVE_FILE ? read_file_entry(l, reader, path, err) : 0;
}

int layers_add(struct layers *l, const void *bytes, size_t len, struct err *err)
{
	int rc = archive_walk_memory(bytes, len, on_entry, l, err);

	l->layer++;
	return rc;
}

int layers_object(struct layers *l, void **ret, size_t *ret_len, struct err *err)
{
	struct layers_object *found = NULL;

	for (size_t i = 0; i < l->count; i++) {
		struct layers_object *o = &l->objects[i];

		if (!is_native(o) ||
		    (found && o->len == found->len && memcmp(o->bytes, found->bytes, o->len) == 0))
			continue;
		if (found)
			return err_set(err, EBADMSG, "it holds more than one eBPF object: %s, %s",
				       found->path, o->path);
		found = o;
	}
	if (!found && l->count)
		return err_set(err, ENOTSUP,
			       "its eBPF object is for machines of the other byte "
			       "order");
	if (!found)
		return err_set(err, ENOENT, "it holds no eBPF object");
	*ret_len = found->len;
	*ret = steal_ptr(&found->bytes);
	drop(l, (size_t)(found - l->objects));
	return 0;
}
