/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hooks that this kernel has, by name. Reading them takes a tenth of a second and some
 * megabytes: only for a message that ends the program.
 */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_SYMBOLS_H
#define BOMBUS_RUNNER_LOAD_KERNEL_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The nearest name, malloc'ed; NULL: none is near, or there is nothing to look at. */
char *nearest_function(const char *name);
char *nearest_raw_tracepoint(const char *name);
char *nearest_tracepoint(const char *name); /* "category/name" */

/* "sys_connect", as system calls were called once: what this kernel calls it ("__x64_sys_connect"),
 * malloc'ed. NULL: it is no system call, or the kernel has the name itself. */
char *syscall_function(const char *name);

/* The address of each of these symbols, functions or data; 0: the kernel hides addresses. Returns
 * the index of the first that the kernel does not have; -1: it has all, or is not known to lack
 * one. */
int symbol_addresses(const char *const *names, size_t count, uint64_t *ret);

/* Whether the kernel lists a function of exactly this name. True when unknown. */
bool function_exists(const char *name);

#endif
