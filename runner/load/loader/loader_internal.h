/* SPDX-License-Identifier: Apache-2.0 */
/* struct loader, for the files that are loader.h's implementation. */
#ifndef BOMBUS_RUNNER_LOAD_LOADER_LOADER_INTERNAL_H
#define BOMBUS_RUNNER_LOAD_LOADER_LOADER_INTERNAL_H

#include <sys/types.h>
#include "runner/load/loader/loader.h"

struct loader {
	int fd;
	pid_t pid; /* 0: it was waited for */
	int status;
};

/* A socket to a process of its own, or -errno. */
int loader_open_desk(struct loader *loader);

#endif
