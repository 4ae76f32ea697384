/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types that only a debugger's data (DWARF) has: compilers leave a type out of BTF when nothing but
 * local variables is of it, as records of ring buffers often are. libdw reads it.
 *
 * Names, sizes and members need no relocation of the sections of a BPF object.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_DWARF_TYPES_H
#define BOMBUS_RUNNER_LOAD_ELF_DWARF_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf;
struct dwarf;

/* A struct, a union, or a number that a local variable is. Names are borrowed. */
struct dwarf_type {
	uint64_t id;
	const char *name; /* of the first typedef, else its own; "" none */
	uint32_t size_bytes;
	uint32_t least_bytes; /* up to an array that is its last member; else size_bytes */
	bool is_open;	      /* this array has no length */
	bool is_struct;	      /* or a union */
	bool is_pointed;      /* the variable is a pointer to it */
	bool is_here;	      /* the variable stands at the place that was asked for */
	bool is_kernel;	      /* declared in vmlinux.h or a header of the kernel */
};

typedef void (*dwarf_found)(void *ctx, const struct dwarf_type *type);

/* NULL: there is nothing to read. Borrows the bytes. */
struct dwarf *dwarf_open(const void *bytes, size_t len);
void dwarf_close(struct dwarf *dwarf);

/* Where a variable may stand. */
struct dwarf_place {
	const char *function;
	uint64_t pc; /* of the instruction, in its section */
	/* Bytes from the frame's beginning, counted up to whole 8 and to whole 16 bytes, as
	 * compilers do; -1: in register 0 at `pc`. */
	int64_t in_frame, in_frame_16;
};

/* The types of the variables of a function, those of functions inlined into it too. */
void dwarf_each_local(struct dwarf *dwarf, const struct dwarf_place *place, dwarf_found found,
		      void *ctx);
/* All structs and unions with a name. */
void dwarf_each_struct(struct dwarf *dwarf, dwarf_found found, void *ctx);

/* Adds a type with all that it needs. Its id, or -errno. */
int dwarf_add_type(struct dwarf *dwarf, uint64_t id, struct btf *btf);

#endif
