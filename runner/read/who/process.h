/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc says of a process: its program, its command line, its user, its start and its parents.
 * For the keeper (keeper.h), which may read processes of others.
 */
#ifndef BOMBUS_RUNNER_READ_WHO_PROCESS_H
#define BOMBUS_RUNNER_READ_WHO_PROCESS_H

#include <stdint.h>
#include "runner/read/who/container.h"

enum process_part {
	PROCESS_EXE,	 /* "/usr/sbin/nginx"; " (deleted)" behind it where the file is gone */
	PROCESS_CMDLINE, /* words with blanks between */
	PROCESS_USER,	 /* the name, or the number */
	PROCESS_UNIT,	 /* systemd's: "nginx.service" */
	PROCESS_STARTED, /* "2026-11-20T09:00:00Z" */
	PROCESS_PARENTS, /* "bash 311, sshd 290, systemd 1" */
	PROCESS_PARTS
};

/* "": not known, or there is none. */
struct process {
	char part[PROCESS_PARTS][CONTAINER_TEXT];
};

/* All but the unit. Nothing is known of a process that ended. */
void process_read(struct process *ret, uint64_t pid);
/* The unit of a cgroup: the last part of its path that is a service, a scope or the like. */
void process_unit(struct process *ret, const char *cgroup);
/* "nginx"; "": it ended. */
void process_name(uint64_t pid, char dst[32]);

#endif
