/* SPDX-License-Identifier: Apache-2.0 */
/* Where the local images are. */
#ifndef BOMBUS_CMD_STORE_PATH_H
#define BOMBUS_CMD_STORE_PATH_H

#define ROOT_STORE "/var/lib/bombus/store"

struct global_args;

/* The store's folder: --store, BOMBUS_STORE, or the default place. malloc'ed. */
char *store_path(const struct global_args *global);

#endif
