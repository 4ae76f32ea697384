/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that never change while a program runs: errno, signals, system calls, address families,
 * TCP states, IP protocols. Made from the system's headers at build time.
 * Each gives NULL where there is no name.
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_NAMES_H
#define BOMBUS_RUNNER_READ_TEXT_NAMES_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/load/plan/layout.h"

const char *name_errno(int64_t value);	/* 111 and -111: "ECONNREFUSED"; kernel-only ones too */
const char *name_signal(int64_t value); /* 9: "SIGKILL" */
const char *name_syscall(int64_t nr);	/* this machine's numbers: 257: "openat" on x86-64 */
const char *name_af(int64_t value);
const char *name_tcp_state(int64_t value);
const char *name_ip_proto(int64_t value);

/* For filters: the number that a name of this meaning stands for ("ECONNREFUSED", "tcp", "SIGKILL",
 * "openat", "AF_INET6", "ESTABLISHED"; case does not matter for protocols). False: none. */
bool name_value(enum meaning meaning, const char *name, int64_t *ret);
/* One after the other from index 0, NULL at the end: for suggestions. */
const char *name_nth(enum meaning meaning, uint32_t index);

#endif
