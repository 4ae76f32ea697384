/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper of names: a process that watches cgroups come and go, finds their containers, and
 * sends the names to the process that shows records (who.h). Files of runtimes belong to root, so
 * it keeps CAP_DAC_READ_SEARCH, and CAP_SYS_PTRACE for the namespaces of processes; it opens no
 * network socket and starts nothing.
 *
 * It learns of groups from the kernel's tracepoints, and lists the tree from time to time. If the
 * files of a container are not there yet, it looks again at growing intervals for two seconds.
 */
#ifndef BOMBUS_RUNNER_READ_WHO_KEEPER_H
#define BOMBUS_RUNNER_READ_WHO_KEEPER_H

#define KEEPER_DIRS_BYTES 8192

/* Waits for a packet with the folders of state_paths.dirs, each with its NUL behind it; then serves
 * until the socket's other end is closed. The `run` of helper_start(). */
void keeper_serve(int fd, void *ctx);

#endif
