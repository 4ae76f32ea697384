// SPDX-License-Identifier: Apache-2.0
/* The files of a layer. */
#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/container.h"

static void free_file(struct container_file *file)
{
	free(file->path);
	free(file->link);
	free(file->bytes);
}

void container_layer_release(struct container_layer *layer)
{
	for (size_t i = 0; i < layer->count; i++)
		free_file(&layer->files[i]);
	free(layer->files);
	*layer = (struct container_layer){ 0 };
}

/* The place of a path: that of an earlier file of this path, or a new one. */
static struct container_file *place(struct container_layer *layer, const char *path)
{
	struct container_file *file;

	for (size_t i = 0; i < layer->count; i++) {
		file = &layer->files[i];
		if (!streq(file->path, path))
			continue;
		layer->bytes -= file->len;
		free_file(file);
		*file = (struct container_file){ .path = xstrdup(path) };
		return file;
	}
	layer->files = xreallocarray(layer->files, layer->count + 1, sizeof(*layer->files));
	file = &layer->files[layer->count++];
	*file = (struct container_file){ .path = xstrdup(path) };
	return file;
}

int container_add(struct container_layer *layer, const char *path, unsigned mode, void *bytes,
		  size_t len, struct err *err)
{
	struct container_file *file;

	if (len > CONTAINER_MAX_BYTES - layer->bytes) {
		free(bytes);
		return err_set(err, EFBIG, "the files of the container have more than %u MiB",
			       CONTAINER_MAX_BYTES >> 20);
	}
	file = place(layer, path);
	file->mode = mode;
	file->bytes = bytes;
	file->len = len;
	layer->bytes += len;
	return 0;
}

void container_add_folder(struct container_layer *layer, const char *path, unsigned mode)
{
	struct container_file *file = place(layer, path);

	file->mode = mode;
	file->is_folder = true;
}

void container_add_link(struct container_layer *layer, const char *path, const char *target)
{
	struct container_file *file = place(layer, path);

	file->mode = 0777;
	file->link = xstrdup(target);
}

static int add_link(struct container_layer *layer, const char *from, const char *path,
		    struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlink(from, target, sizeof(target) - 1);

	if (len < 0)
		return err_sys(err, errno, "cannot read %s", from);
	target[len] = '\0';
	container_add_link(layer, path, target);
	return 0;
}

/* A file that anyone may execute gets mode 755, any other 644. */
static int add_entry(struct container_layer *layer, const FTSENT *e, const char *path,
		     struct err *err)
{
	unsigned mode = e->fts_statp->st_mode & 0111 ? 0755 : 0644;
	void *bytes = NULL;
	size_t len = 0;
	int rc;

	switch (e->fts_info) {
	case FTS_D:
		if (*path)
			container_add_folder(layer, path, 0755);
		return 0;
	case FTS_DP:
		return 0;
	case FTS_SL:
	case FTS_SLNONE:
		return add_link(layer, e->fts_path, path, err);
	case FTS_F:
		rc = read_file(e->fts_path, CONTAINER_MAX_BYTES, &bytes, &len, err);
		return rc < 0 ? rc : container_add(layer, path, mode, bytes, len, err);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return err_sys(err, e->fts_errno, "cannot read %s", e->fts_path);
	default:
		return err_set(err, EINVAL, "%s is neither a file, a folder nor a link",
			       e->fts_path);
	}
}

int container_add_tree(struct container_layer *layer, const char *dir, const char *path,
		       struct err *err)
{
	char *const roots[] = { (char *)dir, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;
	int rc = 0;

	if (!tree)
		return err_sys(err, errno, "cannot read %s", dir);
	while (rc == 0 && (e = fts_read(tree))) {
		const char *rest = e->fts_path + strlen(dir);
		_cleanup_free_ char *to = NULL;

		rest += strspn(rest, "/");
		to = *path ? xasprintf("%s%s%s", path, *rest ? "/" : "", rest) : xstrdup(rest);
		rc = add_entry(layer, e, to, err);
	}
	fts_close(tree);
	return rc;
}
