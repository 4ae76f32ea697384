/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells when a file changes: written, replaced, or behind a symbolic link that was swapped, as a
 * ConfigMap's is. Watches the file's folder (inotify(7)) and then looks at the file itself. While
 * the folder is missing it watches the nearest folder above.
 */
#ifndef BOMBUS_CMD_WATCH_H
#define BOMBUS_CMD_WATCH_H

#include <stdbool.h>

struct err;
struct watch;

int watch_new(struct watch **ret, const char *path, struct err *err);
void watch_free(struct watch *watch);	 /* NULL is fine */
const char *watch_path(const struct watch *watch);
int watch_fd(const struct watch *watch); /* readable: ask watch_changed() */
/* The descriptor is not readable any more. */
void watch_drain(struct watch *watch);
/* The file is not what it was at the last call. */
bool watch_changed(struct watch *watch);

#endif
