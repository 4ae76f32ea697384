/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks of a recording, one after the other, from a file or a pipe. */
#ifndef BOMBUS_RUNNER_SINK_RECORDING_REPLAY_FILE_H
#define BOMBUS_RUNNER_SINK_RECORDING_REPLAY_FILE_H

#include "runner/sink/recording/recording.h"

struct replay_file {
	int fd;		  /* borrowed */
	int stop_fd;	  /* readable: reading ends with -ECANCELED; -1: none */
	const char *path; /* for messages, borrowed */
	uint8_t version;  /* RECORDING_OF_... */
	uint64_t offset;  /* behind the last block that was whole */
	uint8_t *stored, *raw;
	size_t stored_cap, raw_cap;
	struct block_header header; /* of the last block */
	const uint8_t *bytes;	    /* its content, valid until the next one */
	size_t len;
};

/* EINVAL: not a recording. */
int replay_file_start(struct replay_file *file, struct err *err);
/*
 * The next block: 0; or -ENODATA: the file ends here, in the middle of a block or not (no err);
 * -EBADMSG: damaged; -ECANCELED.
 */
int replay_file_next(struct replay_file *file, struct err *err);
void replay_file_release(struct replay_file *file);

#endif
