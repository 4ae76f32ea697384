/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF as raw bytes: what has to hold before libbpf may look at it, and the joining of DATASECs
 * that goes with the joining of ELF sections (elf.h).
 *
 * libbpf follows typedefs without end and trusts references; btf_check() makes that safe. What
 * passed it has: a header and sections inside the bytes, NUL-ended strings, whole type records of
 * known kinds, references to types and names that exist, and no chain of qualifiers or typedefs
 * that is longer than BTF_MAX_CHAIN (so none that is a circle).
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_ELF_BTF_H
#define BOMBUS_RUNNER_LOAD_ELF_ELF_BTF_H

#include <stddef.h>
#include <stdint.h>
#include "base/bytes.h"

struct err;

#define BTF_MAX_CHAIN 64

/* The name at `off`, or NULL where it is not inside or no name that a compiler would make. Looks
 * ahead a bounded way only: many names may share the end of one endless string. */
static inline const char *span_name(struct bytes s, size_t off)
{
	size_t most = 1024;

	if (off >= s.len || !memchr(s.ptr + off, 0, s.len - off < most ? s.len - off : most))
		return NULL;
	return (const char *)s.ptr + off;
}

int btf_check(struct bytes btf, struct err *err);

/* Where the variable `name` of map section `section` stands in the joined section, or -ENOENT:
 * then `old_off` plus the section's base counts. */
struct btf_join {
	int64_t (*offset)(void *ctx, const char *section, const char *name, uint32_t old_off);
	void *ctx;
	uint32_t size_bytes; /* of the joined section */
};

/*
 * Joins the DATASECs ".maps" and ".maps.*" of checked BTF into the first ".maps", or, where there
 * is none, into the first of them under that name. Type ids stay: the others are left without
 * members (and with a size of 1, as the kernel refuses 0). *ret is malloc'ed.
 */
int btf_join_maps(struct bytes btf, const struct btf_join *join, void **ret, size_t *ret_len,
		  struct err *err);

#endif
