/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to this process and its kernel that need nothing but files of /proc and /sys. */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_MACHINE_H
#define BOMBUS_RUNNER_LOAD_KERNEL_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* Not the machine's first user namespace: its root is not the machine's. */
bool in_user_namespace(void);
/* This process's effective capabilities, a bit each; in a user namespace it has none. */
uint64_t effective_caps(void);
/* "integrity", "confidentiality"; NULL: no lockdown. */
const char *kernel_lockdown(void);
bool kernel_before(unsigned major, unsigned minor);

#endif
