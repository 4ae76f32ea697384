/* SPDX-License-Identifier: Apache-2.0 */
/* The loader's side of one socket to the front: one object, or some perf events. */
#ifndef BOMBUS_RUNNER_LOAD_LOADER_DESK_H
#define BOMBUS_RUNNER_LOAD_LOADER_DESK_H

#include <stdint.h>
#include "base/err.h"
#include "runner/load/attach/handed.h"

/* Before an object's descriptors: a packet of this, with one descriptor where code is 0, a sealed
 * file with `nprogs` of struct handed_prog and then `count` of struct handed. Packets of
 * descriptors follow, in the order of that list. */
struct object_reply {
	int32_t code;
	uint32_t nprogs, count;
	uint32_t keeps; /* the process lives on until the socket is closed */
	struct object_times times;
	struct err err;
};

#define REPLY_MAX_BYTES (16u << 20)
#define REPLY_MAX_FDS 65536

/* Answers requests until the front closes the socket. */
void desk_serve(int fd);

#endif
