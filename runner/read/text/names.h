/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that never change while a program runs: errno, signals, system calls, address families,
 * TCP states, IP protocols. Made from the system's headers at build time. NULL: there is no name.
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_NAMES_H
#define BOMBUS_RUNNER_READ_TEXT_NAMES_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/load/plan/layout.h"

/*
 * MEAN_OPEN_FLAGS "O_CREAT" for each flag but the access
 * MEAN_ERRNO: 111 and -111: "ECONNREFUSED"; the kernel's own as well
 * MEAN_SIGNAL: 9: "SIGKILL"
 * MEAN_SYSCALL: this machine's numbers: 257: "openat" on x86-64
 * MEAN_AF "AF_INET6", MEAN_TCP_STATE "ESTABLISHED", MEAN_IP_PROTO "tcp"
 */
const char *name_of(enum meaning meaning, int64_t value);
/* MEAN_OPEN_FLAGS: the name of the most bits that are all in *bits, from which they go. */
const char *name_of_bits(enum meaning meaning, uint64_t *bits);

/* For filters: the number that a name of this meaning stands for ("ECONNREFUSED", "tcp", "SIGKILL",
 * "openat", "AF_INET6", "ESTABLISHED"; case does not matter for protocols). False: none. */
bool name_value(enum meaning meaning, const char *name, int64_t *ret);
/* One after the other from index 0, NULL at the end: for suggestions. */
const char *name_nth(enum meaning meaning, uint32_t index);

#endif
