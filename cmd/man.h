/* SPDX-License-Identifier: Apache-2.0 */
/* Manual pages on standard output, in mdoc(7), without their first line, .Dd. */
#ifndef BOMBUS_CMD_MAN_H
#define BOMBUS_CMD_MAN_H

struct command;

void man_print_command(const struct command *command);
void man_print_overview(const struct command *const *commands);

/* The section on the keys of the agent's configuration, for bombus-agent.yaml(5). */
void man_print_keys(void);

#endif
