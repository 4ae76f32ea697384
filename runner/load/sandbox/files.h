/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a process that may write none itself: helpers make them and give them their names
 * (base/new_file.h).
 *
 *	files_entrust()		a file that this process opened: a helper with the rights that this
 *				process has now gives it its name later, and can do nothing else
 *	files_start()		a helper that opens new files: as the person who called sudo, and
 *				without that as this process's user
 */
#ifndef BOMBUS_RUNNER_LOAD_SANDBOX_FILES_H
#define BOMBUS_RUNNER_LOAD_SANDBOX_FILES_H

struct err;
struct files;
struct new_file;

/* Both in a process without threads. */
int files_entrust(struct new_file *file, struct err *err);
int files_start(struct files **ret, struct err *err);
void files_free(struct files *files); /* takes NULL */

/* As new_file_open(), which NULL means; replaces nothing. Any thread. */
int files_new_file(struct files *files, struct new_file *ret, const char *path, struct err *err);

#endif
