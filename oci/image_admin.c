// SPDX-License-Identifier: Apache-2.0
/* Names and room in the store: tag, rm, prune. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/num.h"
#include "base/util.h"
#include "oci/image_internal.h"
#include "oci/signatures.h"
#include "oci/store/part.h"

int image_tag(const struct image_place *image, const char *path, const char *to, struct err *err)
{
	_cleanup_store_ struct store *from = NULL, *store = NULL;
	const struct index_entry *entry = NULL;
	struct index_entry copy;
	int rc = image_check_name(to, err);

	if (rc == 0 && streq(image->store, path))
		rc = store_open_write(&store, path, err);
	else if (rc == 0)
		rc = store_open_read(&from, image->store, err);
	if (rc == 0)
		rc = image_find_entry(store ? store : from, image->name, &entry, err);
	if (rc < 0 || !entry)
		return rc;
	copy = *entry;
	copy.name = to;
	if (from)
		return image_copy_entry(from, path, &copy, err);
	return image_put_name(store, to, &copy.desc, NULL, err);
}

/* --- prune ----------------------------------------------------------------------------------- */

struct kept {
	char (*hex)[DIGEST_HEX_DIGITS + 1];
	size_t count, cap;
};

static void kept_release(struct kept *kept)
{
	free(kept->hex);
}

static int keep(void *ctx, const struct descriptor *desc, bool is_document, struct err *err)
{
	struct kept *kept = ctx;

	if (kept->count == kept->cap) {
		kept->cap = kept->cap ? 2 * kept->cap : 64;
		kept->hex = xreallocarray(kept->hex, kept->cap, sizeof(*kept->hex));
	}
	memcpy(kept->hex[kept->count++], digest_hex(desc->digest), sizeof(*kept->hex));
	return 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, DIGEST_HEX_DIGITS);
}

/* What other tools left here may be of a kind that is not known: nothing below it is touched, since
 * its content is unknown. */
static int find_kept(struct store *store, struct kept *kept, struct err *err)
{
	size_t count;
	const struct descriptor *roots = index_roots(store_index(store), &count);

	for (size_t i = 0; i < count; i++) {
		int rc = store_walk_tree(store, &roots[i], keep, kept, err);

		if (rc < 0) {
			err_hint(err, "remove or pull the damaged images again, then prune");
			err_wrap(err, "nothing is removed: %s", roots[i].digest);
			return rc;
		}
	}
	if (kept->count)
		qsort(kept->hex, kept->count, sizeof(*kept->hex), compare);
	return 0;
}

struct pruning {
	const struct kept *kept;
	bool dry_run;
	size_t count;
	uint64_t bytes;
};

static bool is_kept(const struct kept *kept, const char *name)
{
	return kept->count && bsearch(name, kept->hex, kept->count, sizeof(*kept->hex), compare);
}

static void drop(struct pruning *p, int dir_fd, const char *name)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return;
	if (!p->dry_run && unlinkat(dir_fd, name, 0) < 0)
		return;
	p->count++;
	p->bytes += (uint64_t)st.st_size;
}

/* A running download holds a lock. */
static void drop_part(struct pruning *p, int dir_fd, const char *name)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		drop(p, dir_fd, name);
}

/* A blob's name is the 64 digits of its digest. Other files are not ours to remove. */
static bool is_blob_name(const char *name)
{
	return strlen(name) == DIGEST_HEX_DIGITS &&
	       strspn(name, NUM_HEX_DIGITS) == DIGEST_HEX_DIGITS;
}

static int prune_dir(struct pruning *p, struct store *store, int dir_fd, bool parts,
		     struct err *err)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!stream) {
		int code = errno;

		close_fd(&fd);
		return err_sys(err, code, "cannot read the folders of %s", store_dir_path(store));
	}
	while ((e = readdir(stream))) {
		if (parts && has_prefix(e->d_name, PART_PREFIX))
			drop_part(p, fd, e->d_name);
		else if (!parts && is_blob_name(e->d_name) && !is_kept(p->kept, e->d_name))
			drop(p, fd, e->d_name);
	}
	closedir(stream);
	return 0;
}

static int prune_store(struct store *store, struct pruning *p, struct err *err)
{
	_cleanup_(kept_release) struct kept kept = { 0 };
	int rc = find_kept(store, &kept, err);

	p->kept = &kept;
	if (rc == 0)
		rc = prune_dir(p, store, store_blobs_fd(store), false, err);
	if (rc == 0)
		rc = prune_dir(p, store, store_dir_fd(store), true, err);
	p->kept = NULL;
	return rc;
}

int image_prune(const char *path, bool dry_run, size_t *ret_count, uint64_t *ret_bytes,
		struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	struct pruning p = { .dry_run = dry_run };
	int rc;

	*ret_count = 0;
	*ret_bytes = 0;
	if (may_access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	rc = store_open_write(&store, path, err);
	if (rc == 0)
		rc = prune_store(store, &p, err);
	if (rc < 0)
		return rc;
	*ret_count = p.count;
	*ret_bytes = p.bytes;
	return 0;
}

/* --- rm -------------------------------------------------------------------------------------- */

/*
 * A shorter index needs room for a moment, which a full disk does not have. Blobs that no other
 * image needs are then removed before the name: a process that is killed in between leaves the
 * name of an image that is damaged, and that was to be removed anyway.
 */
static int commit_removal(struct store *store, struct err *err)
{
	struct pruning p = { 0 };
	int rc = store_commit(store, err);

	if ((rc == -ENOSPC || rc == -EDQUOT) && prune_store(store, &p, NULL) == 0 && p.count)
		rc = store_commit(store, err);
	return rc;
}

struct names {
	char **names;
	size_t count;
};

static void names_release(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
}

static int add_name(void *ctx, const struct index_entry *entry, struct err *err)
{
	struct names *names = ctx;

	names->names = xreallocarray(names->names, names->count + 1, sizeof(*names->names));
	names->names[names->count++] = xstrdup(entry->name);
	return 0;
}

/* Removes the signatures of a digest if no name refers to it any more. */
static int remove_signatures(struct store *store, const char *digest, struct err *err)
{
	_cleanup_(names_release) struct names names = { 0 };
	size_t count;
	const struct index_entry *entries = index_entries(store_index(store), &count);
	int rc;

	for (size_t i = 0; i < count; i++)
		if (streq(entries[i].desc.digest, digest))
			return 0;
	rc = signatures_each(store, digest, add_name, &names, err);
	for (size_t i = 0; i < names.count; i++)
		index_remove(store_index(store), names.names[i]);
	return rc;
}

int image_remove(const char *path, const char *name, char **ret_name, struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	const struct index_entry *entry = NULL;
	_cleanup_free_ char *stored = NULL;
	char digest[DIGEST_ROOM];
	int rc = store_open_read(&store, path, err);

	/* Nothing is made where there is nothing. */
	if (rc == 0)
		rc = image_find_entry(store, name, &entry, err);
	if (rc < 0)
		return rc;
	store_close(steal_ptr(&store));
	rc = store_open_write(&store, path, err);
	if (rc == 0)
		rc = image_find_entry(store, name, &entry, err);
	if (rc < 0 || !entry)
		return rc;
	stored = xstrdup(entry->name);
	memcpy(digest, entry->desc.digest, DIGEST_ROOM);
	if (!index_remove(store_index(store), stored))
		return err_set(err, EBADMSG, "%s: the index cannot be written without '%s'", path,
			       stored);
	rc = remove_signatures(store, digest, err);
	if (rc == 0)
		rc = commit_removal(store, err);
	if (rc == 0)
		*ret_name = steal_ptr(&stored);
	return rc;
}
