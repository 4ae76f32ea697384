/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects as clang makes them, built in memory: maps in any section, maps of maps, programs and
 * variables. BTF comes from libbpf's writer, the ELF file from libelf's. As with clang, DATASECs
 * have neither sizes nor offsets: these are in the symbols.
 */
#ifndef BOMBUS_TESTS_LOAD_OBJECT_H
#define BOMBUS_TESTS_LOAD_OBJECT_H

#include <bpf/btf.h>
#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef EM_BPF
#define EM_BPF 247
#endif

struct obj_map {
	const char *name, *section;
	uint32_t type, max_entries;
	uint32_t key, value;  /* BTF type ids; 0: none */
	uint32_t value_size;  /* where there is no value type; 0: none */
	const char *inner[2]; /* the names of the maps in its slots */
};

struct obj_prog {
	const char *name, *section;
};

struct obj_var {
	const char *name, *section;
	uint32_t type, size; /* a BTF type id, and what it takes */
	const void *bytes;   /* NULL: zeros */
};

struct obj {
	struct btf *btf;
	const struct obj_map *maps;
	size_t nmaps;
	const struct obj_prog *progs;
	size_t nprogs;
	const struct obj_var *vars;
	size_t nvars;
	const char *license; /* NULL: none */
	uint16_t machine;    /* 0: BPF */
	int no_btf;
};

/* The id of __u32 in the BTF, added if it is not there. */
uint32_t obj_u32(struct btf *btf);
/* Adds a map with its definition, or a variable, unless it is there; returns the id of its
 * BTF_KIND_VAR. */
int obj_declare_map(struct btf *btf, const struct obj_map *map);
int obj_declare_var(struct btf *btf, const struct obj_var *var);
/* The bytes of the object; malloc'ed. */
void *obj_build(const struct obj *o, size_t *ret_len);

#endif
