/* SPDX-License-Identifier: Apache-2.0 */
/* Files that commands write for the user. */
#ifndef BOMBUS_CMD_IMAGES_FILES_H
#define BOMBUS_CMD_IMAGES_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct json_t;

/*
 * Writes all or nothing: a regular file is replaced as a whole, never left half written. "-" is
 * standard output. Without `replace` an existing file is left alone: -EEXIST.
 */
int file_write(const char *path, const void *bytes, size_t len, bool replace, struct err *err);

/* Prints a name or other text from outside as one line, escaped for terminals. */
void file_print_line(const char *text);

/* Prints and frees it. Control and hidden characters become \u escapes. A reader that left is no
 * error. */
int file_print_json(struct json_t *json, struct err *err);

#endif
