/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of an ELF file, by elfutils' libdwfl: from its symbol tables, that of its debug
 * file where it is stripped (by build id, then by debug link), and a compressed one in the file
 * itself. Debug files are looked for as the process sees them, then on this system.
 *
 *	file_code_open()	its build id is known
 *	file_code_load()	its functions are known
 *
 * The bytes come from others; libdwfl checks them. Only the helper of stacks.h reads any.
 */
#ifndef BOMBUS_RUNNER_READ_STACK_FILE_CODE_H
#define BOMBUS_RUNNER_READ_STACK_FILE_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_code;

/* fd is taken over. `path` is the file's in the root of the process, root_fd; -1: it is unknown.
 * NULL: it is no ELF file. */
struct file_code *file_code_open(int fd, const char *path, int root_fd);
/* `inlines`: keeps the debug information, for file_code_inlined(). Closes the file otherwise. */
void file_code_load(struct file_code *code, bool inlines);
void file_code_free(struct file_code *code); /* takes NULL */

/* In hexadecimal; "": it has none. */
const char *file_code_build_id(const struct file_code *code);
/* The address in the file's own numbering of a byte in it. False: it is not mapped. */
bool file_code_address(const struct file_code *code, uint64_t file_offset, uint64_t *ret);
const char *file_code_find(const struct file_code *code, uint64_t addr, uint64_t *ret_offset);
/* The functions that were inlined at the address, the innermost first: at most `max`; how many. */
size_t file_code_inlined(struct file_code *code, uint64_t addr, const char **ret, size_t max);
size_t file_code_bytes(const struct file_code *code); /* of memory, roughly */

#endif
