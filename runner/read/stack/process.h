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

/* By address. Processes that were forked share it until one of them changes it. */
struct maps {
	uint32_t users, count, room;
	struct mapping all[];
};

struct process {
	uint32_t pid;
	struct identity identity;
	struct maps *maps; /* NULL: none are known */
	uint64_t told_ns;  /* when it last began, or executed a program, by process_begins() */
	bool lives;
	bool apart;   /* its root is another one than this process's */
	bool refused; /* its maps may not be read */
	uint64_t read_ns;
	bool jit_is_new; /* looked at since process_look() */
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
/* Whether its root is another one than this process's; false where it has ended already. */
bool process_is_apart(uint32_t pid);
/* The root of a process that lives, for root_open(): -1: none. */
int process_root(const struct process *process);
/* The file of a mapping. -1: it is not to be had. */
int process_open(const struct process *process, const struct mapping *mapping, int root_fd);
/* What the kernel tells (lives.h), for processes that end before they are looked at. `parent`: the
 * process that it was forked from; NULL: it executes another program. */
void process_begins(struct process *process, const struct process *parent, uint64_t time_ns);
void process_maps(struct process *process, uint64_t start, uint64_t bytes, uint64_t offset,
		  uint64_t inode, const char *path);
void process_release(struct process *process);

#endif
