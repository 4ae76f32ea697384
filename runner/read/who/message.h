/* SPDX-License-Identifier: Apache-2.0 */
/* The packets between the keeper of names (keeper.h) and the process that asks it. */
#ifndef BOMBUS_RUNNER_READ_WHO_MESSAGE_H
#define BOMBUS_RUNNER_READ_WHO_MESSAGE_H

#include <stdint.h>
#include "runner/read/who/container.h"
#include "runner/read/who/look.h"
#include "runner/read/who/process.h"

#define MESSAGE_PATH 4096

enum message_kind {
	MESSAGE_GROUP = 1, /* a group exists; sent again when more of it is known */
	MESSAGE_GONE,	   /* it ended */
	MESSAGE_NONE,	   /* the answer to a question: there is no such group */
	MESSAGE_READY,	   /* every group that existed at the start has been sent */
	MESSAGE_LOOK,	   /* the answer to a look: pairs of a name and a text */
};

/* A group: its path, then the parts of its container and of the process that was asked for. */
#define MESSAGE_TEXTS (1 + CONTAINER_PARTS + PROCESS_PARTS)

struct message {
	uint32_t kind, bytes; /* of the texts: MESSAGE_TEXTS, each with its NUL, or others */
	uint32_t whole;	      /* of a container: its name is among them */
	uint64_t group;
	uint64_t mntns,
		netns; /* inodes of its processes' namespaces; 0: not known, or the host's */
};

/* Set in an id: the other bits are the number of a process, which stands for its group. */
#define MESSAGE_PROCESS (1ULL << 63)

#define MESSAGE_MAX                                                                                \
	(sizeof(struct message) + MESSAGE_PATH + (CONTAINER_PARTS + PROCESS_PARTS) * CONTAINER_TEXT)

#endif
