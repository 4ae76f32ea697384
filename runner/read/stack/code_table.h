/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions by address: filled once, sorted, then asked.
 *
 *	struct code_table table = { 0 };
 *
 *	code_table_add(&table, addr, size, rank, "name");
 *	code_table_sort(&table);
 *	name = code_table_find(&table, addr + 4, &offset);	// offset is 4
 *	code_table_release(&table);
 */
#ifndef BOMBUS_RUNNER_READ_STACK_CODE_TABLE_H
#define BOMBUS_RUNNER_READ_STACK_CODE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CODE_TABLE_MAX (4u << 20)		/* functions */
#define CODE_TABLE_MAX_NAMES_BYTES (256u << 20) /* of their names */
#define CODE_NAME_MAX 1024			/* bytes of a name that are kept */

struct code_entry {
	uint64_t addr;
	uint32_t size; /* 0: up to the next function */
	uint32_t rank; /* of several at one address the one with the highest is taken */
	uint32_t name; /* in names */
};

struct code_table {
	struct code_entry *entries;
	uint32_t count, room;
	char *names;
	uint32_t names_bytes, names_room;
};

/* False: the table is full. */
bool code_table_add(struct code_table *table, uint64_t addr, uint64_t size, uint32_t rank,
		    const char *name, size_t len);
void code_table_sort(struct code_table *table);
/* The function that the address is in, valid while the table lives. NULL: there is none. */
const char *code_table_find(const struct code_table *table, uint64_t addr, uint64_t *ret_offset);
size_t code_table_bytes(const struct code_table *table);
void code_table_release(struct code_table *table);

#endif
