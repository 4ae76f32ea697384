/* SPDX-License-Identifier: Apache-2.0 */
/* A program's plan and the state of its programs, as tables on standard output. */
#ifndef BOMBUS_CMD_RUN_SHOW_PLAN_H
#define BOMBUS_CMD_RUN_SHOW_PLAN_H

#include "runner/source.h"

struct global_args;

/* A table of programs with their state. */
void show_programs(struct source *source);
/* Maps with roles and fields, parameters with defaults, programs with hooks. */
void show_plan(const struct plan *plan, const char *name);
/* For struct command: the plan of an image, of a file or of standard input. */
int program_help(const struct global_args *global, const char *word, struct err *err);

#endif
