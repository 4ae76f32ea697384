/* SPDX-License-Identifier: Apache-2.0 */
/* Words that are not shown while they are typed. */
#ifndef BOMBUS_CMD_IMAGES_PASSWORD_H
#define BOMBUS_CMD_IMAGES_PASSWORD_H

#include <stdbool.h>

struct err;

/* One line from the terminal on standard input, shown or not; malloc'ed. */
char *ask_line(const char *what, bool shown);
void secret_free(char **text); /* wipes it */
/* Ends the text at its line's end. */
char *without_newline(char *text);

#define PASSWORD_VARIABLE "COSIGN_PASSWORD"

/* Where the password of a private key comes from. */
struct password_source {
	const char *file; /* NULL: the variable, else the terminal */
	bool twice;	  /* a new one: the terminal asks for it again */
};
/* A key_password (oci/trust/key.h); ctx is a struct password_source. */
int password_get(void *ctx, char **ret, struct err *err);

#endif
