/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of records that an object does not declare: a ring buffer or a perf event array has no
 * __type(value, ...). The bytes that its programs write decide (map_use.h):
 *
 *	a value of another map		that map's type of values
 *	room of N bytes			a struct of N bytes that a variable of the function is, or
 *					points to; else one that an unused global names; else any
 *					that is neither the kernel's nor a key
 *
 * Types that only DWARF has are added to the object's BTF. A type that is found gets a declaration
 * tag "bombus:record_of:MAP", so that an object whose DWARF is stripped later still has it; several
 * types may have the tag of one map.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_RECORD_TYPES_H
#define BOMBUS_RUNNER_LOAD_ELF_RECORD_TYPES_H

/* In front of the map's name. No author of a program writes these tags. */
#define RECORD_OF_PREFIX "bombus:record_of:"

struct elf_image;

/* Replaces the object's bytes where there is something to add, and lists the maps in
 * image->guessed. An object that cannot be read stays as it is. */
void elf_find_records(struct elf_image *image);

#endif
