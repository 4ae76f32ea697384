/* SPDX-License-Identifier: Apache-2.0 */
/* The files of this system that go into a container. */
#ifndef BOMBUS_CMD_IMAGES_PACKAGE_FILES_H
#define BOMBUS_CMD_IMAGES_PACKAGE_FILES_H

#include "oci/container.h"

struct err;

/* The running program as usr/bin/bombus, its libraries, the installed ones of those that it opens
 * when it needs them, and the files that it reads. *ret_library_path (malloc'ed) has the folders of
 * the libraries. libarchive needs many more and comes only if `archives` is set: programs of bpfman
 * are in archives. */
int package_own_files(struct container_layer *layer, bool archives, char **ret_library_path,
		      struct err *err);

/* Folders for mounts of a runtime and for files of bombus, and the names of users. */
int package_base_files(struct container_layer *layer, struct err *err);

#endif
