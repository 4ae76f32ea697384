/* SPDX-License-Identifier: Apache-2.0 */
/* The programs that `bombus init` writes: one for each kind of output, at any hook that tells who
 * runs. They compile and run as they are. */
#ifndef BOMBUS_CMD_AUTHOR_TEMPLATE_H
#define BOMBUS_CMD_AUTHOR_TEMPLATE_H

struct err;
struct strbuf;

/* For the command table and questions: "events counter gauge histogram spans". */
#define TEMPLATE_KINDS "events counter gauge histogram spans"

const char *template_default_hook(const char *kind);

/* Whether a program can be written for this section: EXIT_USAGE, with the ones that can. */
int template_check_hook(const char *hook, struct err *err);

/* Whether the kind and the hook, which were checked by themselves, go together: EXIT_USAGE. */
int template_check(const char *kind, const char *hook, struct err *err);

/* "tracepoint/syscalls/sys_enter_execve" gives "execve": a name for the program. malloc'ed. */
char *template_name(const char *hook);

/* With the hook's arguments and their types, as far as this kernel tells them. `kind` and `hook`
 * have been checked; `file` is how the text calls itself. */
void template_write(struct strbuf *out, const char *kind, const char *hook, const char *file);

#endif
