/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container images, which a runtime starts: files in layers, and a configuration. They depend only
 * on files in memory and the configuration: the same input gives the same digest.
 *
 * A layer is a tar, not compressed. Its entries are sorted by their paths, belong to root and have
 * no time; folders that the paths go through are added with mode 755.
 */
#ifndef BOMBUS_OCI_CONTAINER_H
#define BOMBUS_OCI_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* The files of a layer together. */
#define CONTAINER_MAX_BYTES (256u << 20)

struct container_file {
	char *path; /* without a slash at its beginning */
	unsigned mode;
	bool is_folder;
	char *link; /* of a symbolic link: its target; else NULL */
	void *bytes;
	size_t len;
};

struct container_layer {
	struct container_file *files;
	size_t count;
	size_t bytes;
	const char *about; /* a line for its history */
};

/* Takes `bytes` (malloc'ed). A file of the same path is replaced. -EFBIG. */
int container_add(struct container_layer *layer, const char *path, unsigned mode, void *bytes,
		  size_t len, struct err *err);
void container_add_folder(struct container_layer *layer, const char *path, unsigned mode);
void container_add_link(struct container_layer *layer, const char *path, const char *target);
/* Adds everything in a folder. Symbolic links stay links; anything but files, folders and links is
 * refused. */
int container_add_tree(struct container_layer *layer, const char *dir, const char *path,
		       struct err *err);
void container_layer_release(struct container_layer *layer);

struct container_build {
	const char *platform;
	const struct container_layer *layers; /* the lowest first */
	size_t nlayers;
};

/* The same for all platforms. The lists of words end with NULL. */
struct container_config {
	const char *const *entrypoint, *const *arguments, *const *environment;
	const char *user;    /* "65534" or "user:group"; NULL: root */
	const char *created; /* RFC 3339 */
};

/* Saves the image in a store under a name; several platforms become an index. */
int container_save(const char *store, const char *name, const struct container_config *config,
		   const struct container_build *builds, size_t count, char ret_digest[72],
		   struct err *err);

/* Writes an image of the store for one platform as `docker save` does, tagged `tag`. */
int container_save_docker(const char *store, const char *name, const char *tag, const char *to,
			  struct err *err);

#endif
