/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the exporter json. A file that is full or old is renamed to FILE.1, that to FILE.2
 * and so on, and the descriptor leads to a new one: its writer goes on without a gap, between two
 * of its writes, which end with a line.
 */
#ifndef BOMBUS_CMD_AGENT_JSON_FILE_H
#define BOMBUS_CMD_AGENT_JSON_FILE_H

#include <stdint.h>

struct err;

struct json_file {
	const char *path;		/* borrowed; "-": standard output, which is never renamed */
	uint64_t max_bytes, max_age_ns; /* 0: never */
	uint64_t keep;
	int fd;
	uint64_t begun_ns;
};

/* The first four are set. The caller closes the descriptor. */
int json_file_open(struct json_file *file, struct err *err);
/* Once a second. */
void json_file_tick(struct json_file *file);

#endif
