/* SPDX-License-Identifier: Apache-2.0 */
/* What an editor's language server has to know: .clangd, beside a program. */
#ifndef BOMBUS_CMD_AUTHOR_EDITOR_H
#define BOMBUS_CMD_AUTHOR_EDITOR_H

struct err;

/* Writes .clangd into the folder of `source`, with the words that `build` gives clang, and makes
 * vmlinux.h for it. Positive: there is one already, or no cache that vmlinux.h could stay in. */
int editor_write(const char *source, struct err *err);

#endif
