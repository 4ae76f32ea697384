/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process has mapped that is code, and the table of its JIT compiler. process_look() reads
 * it where it is new, executes another program, or belongs to another process of the same number.
 */
#ifndef BOMBUS_RUNNER_READ_STACK_PROCESS_H
#define BOMBUS_RUNNER_READ_STACK_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "runner/read/stack/code_table.h"

enum mapping_kind { MAPPING_FILE, MAPPING_VDSO, MAPPING_ANONYMOUS };

struct mapping {
	uint64_t start, end, offset, inode;
	char *path; /* of MAPPING_FILE; "" else */
	uint8_t kind;
	bool tried; /* the file could not be read */
	/* The caller's: where it keeps the file, and of which life of that place. */
	uint32_t file, life;
};

/* Numbers that another program, or another process, does not share. */
struct identity {
	uint64_t started, code, stack;
};

struct process {
	uint32_t pid;
	struct identity identity;
	struct mapping *maps; /* by address */
	uint32_t nmaps;
	bool lives;
	bool refused; /* its maps may not be read */
	uint64_t read_ns;
	struct code_table jit;
	struct jit_file {
		ino_t inode;
		off_t bytes;
		uint64_t changed_ns;
	} jit_file; /* as it was read */
};

/* Before a stack: whether it lives, and its maps, where they are unknown or old. */
void process_look(struct process *process);
/* The mapping of an address; reads the maps again, at most once after each process_look(). NULL:
 * there is none. */
struct mapping *process_mapping(struct process *process, uint64_t addr);
/* What the JIT compiler calls it. */
const char *process_jit(struct process *process, uint64_t addr, uint64_t *ret_offset);
/* The root of a process that lives, for root_open(): -1: none. */
int process_root(const struct process *process);
/* The file of a mapping. -1: it is not to be had. */
int process_open(const struct process *process, const struct mapping *mapping, int root_fd);
void process_release(struct process *process);

#endif
