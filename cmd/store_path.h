/* SPDX-License-Identifier: Apache-2.0 */
/* Where the local images are. */
#ifndef BOMBUS_CMD_STORE_PATH_H
#define BOMBUS_CMD_STORE_PATH_H

#include <stddef.h>

#define ROOT_STORE "/var/lib/bombus/store"

struct err;
struct global_args;

/* The store's folder: --store, BOMBUS_STORE, or the default place. malloc'ed. */
char *store_path(const struct global_args *global);

/* The images that were installed with bombus: share/bombus/images beside the folder of the program.
 * It is only read. malloc'ed; NULL: there is none. */
char *system_store_path(void);

/* The store that has an image of this name: the user's own, or else the system's. The user's own
 * if neither has it. malloc'ed. */
char *store_of_image(const struct global_args *global, const char *name);

/* image_export() of images, each from the store that it is in. */
int export_images(const struct global_args *global, const char *const *names, size_t count,
		  const char *to, struct err *err);

#endif
