/* SPDX-License-Identifier: Apache-2.0 */
/* Words that are not shown while they are typed. */
#ifndef BOMBUS_CMD_IMAGES_PASSWORD_H
#define BOMBUS_CMD_IMAGES_PASSWORD_H

#include <stdbool.h>

/* One line from the terminal on standard input, shown or not; malloc'ed. */
char *ask_line(const char *what, bool shown);
void secret_free(char **text); /* wipes it */
/* Ends the text at its line's end. */
char *without_newline(char *text);

#endif
