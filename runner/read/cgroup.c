// SPDX-License-Identifier: Apache-2.0
#include "runner/read/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/clock.h"
#include "base/util.h"

#define SEARCH_EVERY_NS 1000000000ULL
#define SEARCH_MAX_FOLDERS 16384
#define SEARCH_MAX_DEPTH 32
#define FILEID_KERNFS 0xfe

struct cgroup_tree {
	int root_fd; /* -1: no cgroup2 mount */
	uint64_t root_id;
	char *root_path; /* as the kernel writes it in links of /proc/self/fd */
	uint64_t searched_ns;
};

static int open_mount(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
		return -1;
	return steal_fd(&fd);
}

static int find_mount(void)
{
	int fd = open_mount("/sys/fs/cgroup");
	struct mntent entry;
	char line[4096];
	FILE *mounts;

	if (fd < 0)
		fd = open_mount("/sys/fs/cgroup/unified");
	mounts = fd < 0 ? setmntent("/proc/self/mounts", "re") : NULL;
	while (mounts && fd < 0 && getmntent_r(mounts, &entry, line, sizeof(line)))
		if (streq(entry.mnt_type, "cgroup2"))
			fd = open_mount(entry.mnt_dir);
	if (mounts)
		endmntent(mounts);
	return fd;
}

static bool path_of_fd(int fd, char *text, size_t size)
{
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, text, size - 1);
	if (len <= 0 || (size_t)len == size - 1)
		return false;
	text[len] = '\0';
	return true;
}

struct cgroup_tree *cgroup_tree_new(void)
{
	struct cgroup_tree *tree = xcalloc(1, sizeof(*tree));
	char path[4096];
	struct stat st;

	tree->root_fd = find_mount();
	if (tree->root_fd >= 0 && path_of_fd(tree->root_fd, path, sizeof(path)) &&
	    fstat(tree->root_fd, &st) == 0) {
		tree->root_path = xstrdup(path);
		tree->root_id = st.st_ino;
		return tree;
	}
	close_fd(&tree->root_fd);
	tree->root_fd = -1;
	return tree;
}

void cgroup_tree_free(struct cgroup_tree *tree)
{
	if (!tree)
		return;
	close_fd(&tree->root_fd);
	free(tree->root_path);
	free(tree);
}

/* The link of a group that was deleted meanwhile ends in " (deleted)": its path still helps. */
static bool path_below(const struct cgroup_tree *tree, int fd, char *text, size_t size)
{
	size_t root = strlen(tree->root_path);
	char path[4096];

	if (!path_of_fd(fd, path, sizeof(path)) || strncmp(path, tree->root_path, root) != 0)
		return false;
	return path[root] == '/' && (size_t)snprintf(text, size, "%s", path + root) < size;
}

static int open_by_id(const struct cgroup_tree *tree, uint64_t id)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} h = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };

	memcpy(h.handle.f_handle, &id, sizeof(id));
	return open_by_handle_at(tree->root_fd, &h.handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct search {
	uint64_t id;
	uint32_t left; /* folders that may still be looked into */
};

/* Takes dir_fd over; returns a descriptor of the folder that has the id, or -1. */
static int search_folder(struct search *s, int dir_fd, unsigned depth)
{
	DIR *dir = fdopendir(dir_fd);
	int found = -1;
	struct dirent *e;

	if (!dir) {
		close(dir_fd);
		return -1;
	}
	while (found < 0 && (e = readdir(dir))) {
		int fd;

		if (e->d_type != DT_DIR || e->d_name[0] == '.' || s->left == 0)
			continue;
		s->left--;
		fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (e->d_ino == s->id)
			found = fd;
		else if (depth < SEARCH_MAX_DEPTH)
			found = search_folder(s, fd, depth + 1);
		else
			close(fd);
	}
	closedir(dir);
	return found;
}

static int search_by_id(struct cgroup_tree *tree, uint64_t id)
{
	struct search s = { id, SEARCH_MAX_FOLDERS };
	uint64_t now = now_mono_ns();
	int fd;

	if (tree->searched_ns && now - tree->searched_ns < SEARCH_EVERY_NS)
		return -1;
	tree->searched_ns = now;
	fd = openat(tree->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -1 : search_folder(&s, fd, 0);
}

bool cgroup_tree_path(struct cgroup_tree *tree, uint64_t id, char *text, size_t size)
{
	_cleanup_close_ int fd = -1;

	if (tree->root_fd < 0 || id == 0)
		return false;
	if (id == tree->root_id)
		return (size_t)snprintf(text, size, "/") < size;
	fd = open_by_id(tree, id);
	if (fd < 0 && (errno == EPERM || errno == EOPNOTSUPP))
		fd = search_by_id(tree, id);
	return fd >= 0 && path_below(tree, fd, text, size);
}
