// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/git_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/util.h"
#include "oci/format/digest.h"

#define READ_BYTES (128u << 10)
#define MAX_LINK_BYTES 4096

/* "100644 blob 0123...abcd\tpath" */
struct tree_entry {
	char mode[8];
	char hash[DIGEST_HEX_ROOM];
	const char *path;
};

static bool parse_entry(const char *line, struct tree_entry *ret)
{
	char type[8];

	if (sscanf(line, "%7s %7s %64[0-9a-f]", ret->mode, type, ret->hash) != 3)
		return false;
	ret->path = strchr(line, '\t');
	if (!ret->path)
		return false;
	ret->path++;
	return true;
}

static bool hash_is(struct hasher *hasher, const char *hash)
{
	char found[DIGEST_HEX_ROOM];

	hasher_end_hex(hasher, found);
	return streq(found, hash);
}

static bool link_matches(int top_fd, const struct tree_entry *entry)
{
	char target[MAX_LINK_BYTES];
	ssize_t len = readlinkat(top_fd, entry->path, target, sizeof(target));
	struct hasher *hasher;
	bool same;

	if (len < 0 || (size_t)len == sizeof(target))
		return false;
	hasher = hasher_new_git(strlen(entry->hash), (uint64_t)len);
	if (!hasher)
		return false;
	hasher_add(hasher, target, (size_t)len);
	same = hash_is(hasher, entry->hash);
	hasher_free(hasher);
	return same;
}

static bool file_matches(int top_fd, const struct tree_entry *entry)
{
	_cleanup_close_ int fd =
		openat(top_fd, entry->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_free_ char *bytes = NULL;
	struct hasher *hasher;
	uint64_t total = 0;
	struct stat st;
	ssize_t n = 0;
	bool same;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	hasher = hasher_new_git(strlen(entry->hash), (uint64_t)st.st_size);
	if (!hasher)
		return false;
	bytes = xmalloc(READ_BYTES);
	while (total <= (uint64_t)st.st_size && (n = read(fd, bytes, READ_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		hasher_add(hasher, bytes, (size_t)n);
		total += (uint64_t)n;
	}
	same = n == 0 && total == (uint64_t)st.st_size && hash_is(hasher, entry->hash);
	hasher_free(hasher);
	return same;
}

/* An empty folder is a submodule that was not fetched, which git does not call a change. */
static bool submodule_matches(const char *top, const struct tree_entry *entry,
			      git_has_commit has_commit)
{
	_cleanup_free_ char *dir = xasprintf("%s/%s", top, entry->path);
	_cleanup_free_ char *git = xasprintf("%s/.git", dir);

	return may_access(git, F_OK) < 0 || has_commit(dir, entry->hash);
}

bool git_tree_matches(const char *top, const char *tree, size_t len, git_has_commit has_commit)
{
	_cleanup_close_ int top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *end = tree + len;
	bool same = top_fd >= 0;

	for (const char *line = tree; same && line < end; line += strlen(line) + 1) {
		struct tree_entry entry = { 0 };

		if (!parse_entry(line, &entry))
			return false;
		if (streq(entry.mode, "160000"))
			same = submodule_matches(top, &entry, has_commit);
		else if (streq(entry.mode, "120000"))
			same = link_matches(top_fd, &entry);
		else
			same = file_matches(top_fd, &entry);
	}
	return same;
}
