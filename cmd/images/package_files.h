/* SPDX-License-Identifier: Apache-2.0 */
/* What of this system goes into a container: the program that runs, and what it needs. */
#ifndef BOMBUS_CMD_IMAGES_PACKAGE_FILES_H
#define BOMBUS_CMD_IMAGES_PACKAGE_FILES_H

#include "oci/container.h"

struct err;

/* The running program as usr/bin/bombus, its libraries, those that it opens when it needs them as
 * far as they are installed, and the files that it reads; *ret_library_path (malloc'ed) has the
 * folders of the libraries. libarchive, with the many
 * libraries that it wants, only if `archives` is set: programs of bpfman are in archives. */
int package_own_files(struct container_layer *layer, bool archives, char **ret_library_path,
		      struct err *err);

/* The folders that a runtime mounts into or that are written to, and users' names. */
int package_base_files(struct container_layer *layer, struct err *err);

#endif
