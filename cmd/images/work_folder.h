/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of the command's own in TMPDIR or /tmp, of mode 0700, removed with all that is in it. */
#ifndef BOMBUS_CMD_IMAGES_WORK_FOLDER_H
#define BOMBUS_CMD_IMAGES_WORK_FOLDER_H

struct err;

int work_folder_make(char **ret, struct err *err);
void work_folder_remove(char **folder); /* takes NULL in it */
#define _cleanup_work_folder_ __attribute__((cleanup(work_folder_remove)))

#endif
