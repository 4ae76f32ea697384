/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper of names (keeper.h) and the process that asks it send each other: packets. */
#ifndef BOMBUS_RUNNER_READ_WHO_MESSAGE_H
#define BOMBUS_RUNNER_READ_WHO_MESSAGE_H

#include <stdint.h>
#include "runner/read/who/container.h"

#define MESSAGE_PATH 4096

enum message_kind {
	MESSAGE_GROUP = 1, /* there is this group; may come again when more is known */
	MESSAGE_GONE,	   /* it ended */
	MESSAGE_NONE,	   /* the answer to a question: there is no such group */
	MESSAGE_READY,	   /* all groups that there were at the start have been sent */
};

/* A group: its path, then the parts of its container. */
#define MESSAGE_TEXTS (1 + CONTAINER_PARTS)

struct message {
	uint32_t kind, bytes; /* of the texts: MESSAGE_TEXTS, each with its NUL, or none */
	uint32_t whole;	      /* of a container: its name is among them */
	uint64_t group;
	uint64_t mntns,
		netns; /* inodes of its processes' namespaces; 0: not known, or the host's */
};

/* With the number of a process, in the place of a group's id: the group that it is in. */
#define MESSAGE_PROCESS (1ULL << 63)

struct question {
	uint64_t group;
};

#define MESSAGE_MAX (sizeof(struct message) + MESSAGE_PATH + CONTAINER_PARTS * CONTAINER_TEXT)

#endif
