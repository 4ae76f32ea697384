/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of a library that has several versions of them: pthread_cond_wait@@GLIBC_2.3.2, which a
 * program that is linked today gets, and pthread_cond_wait@GLIBC_2.2.5 for old ones. libbpf takes
 * two of one name for a mistake.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_ELF_VERSIONS_H
#define BOMBUS_RUNNER_LOAD_ELF_ELF_VERSIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Where in the file the default version of the function begins. False: it has no versions, or the
 * file cannot be read, which attaching it will explain. */
bool elf_default_version(const char *path, const char *function, uint64_t *ret_offset);

#endif
