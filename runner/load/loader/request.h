/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front's request to the loader: a packet of one byte with a descriptor of a sealed file
 * (runner/load/sandbox/packet.h), which has the object's bytes and options in the flat form of this
 * module. Both processes are the same program, so numbers are in its own layout.
 */
#ifndef BOMBUS_RUNNER_LOAD_LOADER_REQUEST_H
#define BOMBUS_RUNNER_LOAD_LOADER_REQUEST_H

#include "base/arena.h"
#include "runner/load/attach/object.h"

#define REQUEST_MAX_BYTES (64u << 20)

struct object_request {
	const char *name;
	const void *elf;
	size_t elf_bytes;
	struct object_opts opts;
	bool statistics;
	uint32_t log_level;
};

/* A sealed file, or -errno. */
int object_request_pack(const struct object_request *request);

/* The texts and arrays point into the bytes and the arena. Bytes that no object_request_pack()
 * wrote are refused: -EINVAL. */
int object_request_unpack(struct object_request *ret, const void *bytes, size_t len,
			  struct arena *arena);

#endif
