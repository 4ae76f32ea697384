/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmlinux.h as clang keeps it between two runs. Reading the header takes most of the time that a
 * program takes to compile; read so it takes a fourth of that.
 */
#ifndef BOMBUS_CMD_AUTHOR_PRECOMPILED_H
#define BOMBUS_CMD_AUTHOR_PRECOMPILED_H

#include <stdbool.h>
#include "base/option.h"

/* Whether the source begins by including vmlinux.h, so that it may as well be there before. */
bool precompiled_fits(const char *source);

/*
 * The file beside dir/vmlinux.h for this clang with these words (clang itself is the first). It is
 * made where it is not there yet. malloc'ed; NULL: it cannot be made.
 */
char *precompiled_header(const char *dir, const struct words *words);

#endif
