/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmlinux.h: the kernel's types as one C header, written from its BTF for authors of programs.
 */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_VMLINUX_H
#define BOMBUS_RUNNER_LOAD_KERNEL_VMLINUX_H

#include <stdio.h>

struct err;

/* From btf_path, or the running kernel's when NULL. -ENOENT: it has no BTF. */
int vmlinux_write(FILE *out, const char *btf_path, struct err *err);

/* Whether a file holds BTF, as it is or in an ELF file. */
int vmlinux_check(const char *btf_path, struct err *err);

#endif
