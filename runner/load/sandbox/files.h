/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a process that may not write any itself: helpers make them and give them their names
 * (base/new_file.h).
 *
 *	files_entrust()	for a file that this process opened: a helper with its present rights
 *			names the file later, and can do nothing else
 *	files_start()	for other files: a helper opens them, as the user who called sudo, else
 *			as this process's user
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

/* As new_file_open(), which NULL means. The first replaces nothing; the second does, and makes the
 * folders of the file. Any thread. */
int files_new_file(struct files *files, struct new_file *ret, const char *path, struct err *err);
int files_replace_file(struct files *files, struct new_file *ret, const char *path,
		       struct err *err);

#endif
