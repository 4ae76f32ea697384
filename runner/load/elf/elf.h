/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thing that libbpf cannot do with our objects: it knows a single map section, ".maps".
 * elf_merge_maps() moves every ".maps.<suffix>" section into it and remembers which map came
 * from where.
 *
 *	.maps          [ a ][ b ]              .maps          [ a ][ b ][ events ][ hist ]
 *	.maps.counter  [ events ]      ->      .maps.counter  (empty, nothing refers to it)
 *	.maps.hist     [ hist ]                .maps.hist     (empty)
 *
 * Bytes are joined (each section aligned as it asks; those that hold maps of maps come last, since
 * libbpf wants the inner maps first), symbols moved (section index and value),
 * relocations of ".rel.maps.<suffix>" (maps in maps) are moved along, the BTF DATASECs are joined
 * in .BTF (type ids do not change: the emptied DATASEC stays in its place with no members) and
 * BTF.ext is left alone. An object without such sections comes back as it was.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_ELF_H
#define BOMBUS_RUNNER_LOAD_ELF_ELF_H

#include <stddef.h>

struct err;

/* The section that a map's definition stood in, by the map's symbol name. */
struct elf_map {
	char *name;
	char *suffix; /* "counter" for ".maps.counter", "" for ".maps" */
};

struct elf_image {
	void *bytes; /* malloc'ed; what libbpf may open from memory */
	size_t len;
	struct elf_map *maps;
	size_t nmaps;
	char **tails; /* programs that the definition of a map puts into its slots */
	size_t ntails;
	char **guessed; /* maps whose records were given a type here, see record_types.h */
	size_t nguessed;
};

/*
 * Reads an ELF object of `len` bytes, which may be hostile. The errors say what it is instead
 * ("not an ELF object: it starts with '#!/bin/sh'", "an ELF object for x86-64, not BPF", "cut
 * short: ...", "has no BTF": with a hint to build with -g), all with EXIT_FAILED and -EINVAL.
 */
int elf_merge_maps(const void *bytes, size_t len, struct elf_image *ret, struct err *err);
void elf_image_release(struct elf_image *image);

/* The text of section "license", on one line; NULL: there is none. */
struct arena;
const char *elf_license(const struct elf_image *image, struct arena *arena);

#endif
