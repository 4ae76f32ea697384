/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPUs are online, as the kernel lists them: "0-3,8,10-11". */
#ifndef BOMBUS_BASE_CPUS_H
#define BOMBUS_BASE_CPUS_H

#include <stdbool.h>
#include <stdint.h>

#define CPUS_MAX 8192

/* Fills `on` for the CPUs 0 to max - 1; the number of those that are in the list. */
uint32_t cpus_parse(const char *list, bool *on, uint32_t max);

/* A descriptor of the kernel's list, to be read again and again; -errno. */
int cpus_open_online(void);
/* As cpus_parse(); -errno when the list cannot be read. */
int cpus_read(int fd, bool *on, uint32_t max);

#endif
