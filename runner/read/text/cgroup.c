// SPDX-License-Identifier: Apache-2.0
#include "runner/read/text/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/sandbox/opener.h"

#define LIST_EVERY_NS 1000000000ULL
#define LIST_MAX_FOLDERS 16384
#define LIST_MAX_DEPTH 32
#define LIST_MAX_BYTES (4u << 20)

struct folder {
	uint64_t id;
	uint32_t path; /* in paths */
};

struct cgroup_tree {
	int root_fd; /* -1: no cgroup2 mount */
	struct opener *opener;
	uint64_t root_id;
	char *root_path;	/* as the kernel writes it in links of /proc/self/fd */
	struct folder *folders; /* sorted by id; only made where handles are refused */
	uint32_t nfolders;
	struct strbuf paths;
	uint64_t listed_ns;
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
	char path[PATH_MAX];
	struct stat st;

	strbuf_init(&tree->paths, LIST_MAX_BYTES);
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

void cgroup_tree_use_opener(struct cgroup_tree *tree, struct opener *opener)
{
	tree->opener = opener;
}

void cgroup_tree_free(struct cgroup_tree *tree)
{
	if (!tree)
		return;
	close_fd(&tree->root_fd);
	free(tree->root_path);
	free(tree->folders);
	strbuf_release(&tree->paths);
	free(tree);
}

/* The link of a group that was deleted meanwhile ends in " (deleted)": its path still helps. */
static bool path_below(const struct cgroup_tree *tree, int fd, char *text, size_t size)
{
	size_t root = strlen(tree->root_path);
	char path[PATH_MAX];

	if (!path_of_fd(fd, path, sizeof(path)) || strncmp(path, tree->root_path, root) != 0)
		return false;
	return path[root] == '/' && (size_t)snprintf(text, size, "%s", path + root) < size;
}

/* What stands below dir_fd (taken over), whose path below the root is the first `len` of path. */
static void list_folder(struct cgroup_tree *tree, int dir_fd, char path[PATH_MAX], size_t len,
			unsigned depth)
{
	DIR *dir = fdopendir(dir_fd);
	struct dirent *e;

	if (!dir) {
		close(dir_fd);
		return;
	}
	while (tree->nfolders < LIST_MAX_FOLDERS && !tree->paths.full && (e = readdir(dir))) {
		size_t name = strlen(e->d_name);
		int fd;

		if (e->d_type != DT_DIR || streq(e->d_name, ".") || streq(e->d_name, "..") ||
		    len + 1 + name >= PATH_MAX)
			continue;
		path[len] = '/';
		memcpy(path + len + 1, e->d_name, name + 1);
		tree->folders[tree->nfolders++] =
			(struct folder){ .id = e->d_ino, .path = (uint32_t)tree->paths.len };
		strbuf_add(&tree->paths, path, len + name + 2);
		fd = depth == LIST_MAX_DEPTH
			     ? -1
			     : openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			list_folder(tree, fd, path, len + 1 + name, depth + 1);
	}
	closedir(dir);
}

static int by_id(const void *a, const void *b)
{
	const struct folder *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void list_all(struct cgroup_tree *tree)
{
	char path[PATH_MAX];
	int fd = openat(tree->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!tree->folders)
		tree->folders = xcalloc(LIST_MAX_FOLDERS, sizeof(*tree->folders));
	tree->nfolders = 0;
	strbuf_reset(&tree->paths);
	if (fd >= 0)
		list_folder(tree, fd, path, 0, 0);
	/* The last one may not have got its path. */
	if (tree->paths.full && tree->nfolders)
		tree->nfolders--;
	qsort(tree->folders, tree->nfolders, sizeof(*tree->folders), by_id);
}

static const char *listed_path(const struct cgroup_tree *tree, uint64_t id)
{
	struct folder want = { .id = id };
	const struct folder *found =
		tree->nfolders ? bsearch(&want, tree->folders, tree->nfolders, sizeof(want), by_id)
			       : NULL;

	return found ? tree->paths.buf + found->path : NULL;
}

/* A list that is old says nothing about an id that it has not. */
static const char *path_by_list(struct cgroup_tree *tree, uint64_t id)
{
	const char *path = listed_path(tree, id);
	uint64_t now = now_mono_ns();

	if (path || (tree->listed_ns && now - tree->listed_ns < LIST_EVERY_NS))
		return path;
	list_all(tree);
	tree->listed_ns = now;
	return listed_path(tree, id);
}

bool cgroup_tree_path(struct cgroup_tree *tree, uint64_t id, char *text, size_t size)
{
	_cleanup_close_ int fd = -1;
	const char *path;

	if (tree->root_fd < 0 || id == 0)
		return false;
	if (id == tree->root_id)
		return (size_t)snprintf(text, size, "/") < size;
	fd = opener_cgroup(tree->opener, tree->root_fd, id);
	if (fd >= 0)
		return path_below(tree, fd, text, size);
	/* ENOSYS: a filter of system calls. */
	if (fd != -EPERM && fd != -EOPNOTSUPP && fd != -ENOSYS && fd != -EPIPE)
		return false;
	path = path_by_list(tree, id);
	return path && (size_t)snprintf(text, size, "%s", path) < size;
}

void cgroup_tree_each(struct cgroup_tree *tree,
		      void (*fn)(void *ctx, uint64_t id, const char *path), void *ctx)
{
	if (tree->root_fd < 0)
		return;
	list_all(tree);
	for (uint32_t i = 0; i < tree->nfolders; i++)
		fn(ctx, tree->folders[i].id, tree->paths.buf + tree->folders[i].path);
}

int cgroup_tree_process(const struct cgroup_tree *tree, const char *path)
{
	_cleanup_free_ char *file = xasprintf(".%s/cgroup.procs", path);
	_cleanup_close_ int fd =
		tree->root_fd < 0 ? -1 : openat(tree->root_fd, file, O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 ? (int)strtol(text, NULL, 10) : 0;
}
