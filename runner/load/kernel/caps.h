/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which capabilities the kernel asks for, and which of them this process lacks. Sets are bits,
 * CAP_BIT() of CAP_*.
 */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_CAPS_H
#define BOMBUS_RUNNER_LOAD_KERNEL_CAPS_H

#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>

#define CAP_BIT(cap) (1ull << (cap))

/* "CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN"; "" for none. */
#define CAPS_TEXT_MAX 160
void caps_text(uint64_t set, char *text, size_t size);

/* To load a program for this hook (enum hook), make its maps and attach it. */
uint64_t caps_of_hook(uint8_t hook);
/* Those of the set that this process lacks; CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON. */
uint64_t caps_lacking(uint64_t set);
/* The missing ones that explain an EPERM or EACCES for a program of this hook. */
uint64_t caps_refused(uint8_t hook);

#endif
