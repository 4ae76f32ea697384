/* SPDX-License-Identifier: Apache-2.0 */
/* `bombus` alone on a terminal: a list of what can be run. */
#ifndef BOMBUS_CMD_CHOOSE_H
#define BOMBUS_CMD_CHOOSE_H

#include <stdbool.h>

struct err;
struct global_args;

/* Standard input and output are a terminal that shows such a list. */
bool choose_usable(void);
/* Runs the chosen program in the place of this process. 0: none was chosen; positive: an exit
 * status; -errno. */
int choose_and_run(const struct global_args *global, struct err *err);

#endif
