/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps as they were declared before BTF described them: a struct bpf_map_def of five numbers in a
 * section "maps" (or "maps/NAME"). libbpf 1.0 and later refuses such sections. Each definition
 * becomes the struct of pointers that libbpf reads from ".maps".
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_ELF_LEGACY_H
#define BOMBUS_RUNNER_LOAD_ELF_ELF_LEGACY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/bytes.h"

struct err;

/* The first five numbers of a definition; what follows them differs between loaders. */
struct legacy_def {
	uint32_t type, key_size, value_size, max_entries, map_flags;
};

struct legacy_map {
	const char *name, *section;
	struct legacy_def def;
};

bool elf_is_legacy_section(const char *name);

/*
 * Gives the variable of each map a type that libbpf understands, and adds the variables that are
 * missing. Keys and values of 1, 2, 4 and 8 bytes become unsigned numbers, others byte arrays. The
 * BTF is checked; *ret is malloc'ed.
 */
int btf_define_maps(struct bytes btf, const struct legacy_map *maps, size_t count, void **ret,
		    size_t *ret_len, struct err *err);

#endif
