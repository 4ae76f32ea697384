/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `run --watch`: sources that are saved are compiled, loaded and attached beside their running
 * version, which takes its leave then. What clang or the kernel refuses is reported, and the
 * running version goes on.
 *
 * The compiler of each source (cmd/author/compiler.h) notices the save. A thread opens and attaches
 * the new version through the loader, so that the loop reads the running one meanwhile.
 */
#ifndef BOMBUS_CMD_RUN_RELOAD_H
#define BOMBUS_CMD_RUN_RELOAD_H

#include "cmd/run/programs.h"

struct loop;
struct reload;

/* Once the programs are read. */
int reload_start(struct reload **ret, struct programs *programs, struct loop *loop,
		 struct err *err);
/* Waits for a version that is being loaded, which goes. Before the programs stop; NULL is fine. */
void reload_stop(struct reload *reload);
/* The versions that sinks still knew: after the host is freed. */
void reload_free(struct reload *reload); /* NULL is fine */

#endif
