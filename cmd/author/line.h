/* SPDX-License-Identifier: Apache-2.0 */
/* A line that is typed on a terminal, completed on Tab. */
#ifndef BOMBUS_CMD_AUTHOR_LINE_H
#define BOMBUS_CMD_AUTHOR_LINE_H

#include "base/option.h"

/* Adds the texts that could stand there and begin with `typed`; they are borrowed until the next
 * call. */
typedef void (*line_complete)(void *ctx, const char *typed, struct words *ret);

/* The line is typed below the prompt. malloc'ed; NULL: the user gave up, by Ctrl-C or Ctrl-D. */
char *line_ask(const char *prompt, line_complete complete, void *ctx);

#endif
