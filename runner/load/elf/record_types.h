/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The types of records that an object does not say: a ring buffer or a perf event array without
 * __type(value, ...). What its programs write there decides (map_use.h):
 *
 *	a value of another map		that map's type of values
 *	room of N bytes			a struct of N bytes that a variable of the function is, or
 *					points to; else one that an unused global names; else any
 *					that is neither the kernel's nor a key
 *
 * Types that only DWARF has are added to the object's BTF. What is found is kept as declaration
 * tags "bombus:record_of:MAP" on the type, one or several for each map, so that an object whose
 * DWARF was stripped afterwards still has it.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_RECORD_TYPES_H
#define BOMBUS_RUNNER_LOAD_ELF_RECORD_TYPES_H

#define RECORD_OF_TAG "record_of"

struct elf_image;

/* Replaces the object's bytes where there is something to add, and lists the maps in
 * image->guessed. What cannot be read is left as it is. */
void elf_find_records(struct elf_image *image);

#endif
