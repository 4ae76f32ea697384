/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper of names: a process that watches cgroups come and go, finds out which containers they
 * are, and sends it to the process that shows records (who.h). Files of runtimes belong to root, so
 * it keeps CAP_DAC_READ_SEARCH, and CAP_SYS_PTRACE for the namespaces of processes; it opens no
 * network socket and starts nothing.
 *
 * Groups are seen by the kernel's tracepoints, and by listing the tree once in a while. What files
 * do not tell yet is looked for again, at intervals that grow, for two seconds.
 */
#ifndef BOMBUS_RUNNER_READ_WHO_KEEPER_H
#define BOMBUS_RUNNER_READ_WHO_KEEPER_H

#define KEEPER_DIRS_BYTES 8192

/* Waits for a packet with the folders of state_paths.dirs, each with its NUL behind it; then serves
 * until the socket's other end is closed. The `run` of helper_start(). */
void keeper_serve(int fd, void *ctx);

#endif
