/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks on their way into a file: one thread fills them, one of its own writes them. */
#ifndef BOMBUS_RUNNER_SINK_RECORDING_RECORD_FILE_H
#define BOMBUS_RUNNER_SINK_RECORDING_RECORD_FILE_H

#include "base/new_file.h"
#include "runner/sink/out.h"
#include "runner/sink/recording/recording.h"

struct record_file;

/* wait: record_file_room() sleeps until there is a block, instead of doing without. `version`:
 * RECORDING_OF_... */
struct record_file *record_file_new(int fd, bool wait, uint8_t version);
void record_file_free(struct record_file *file);

/* Before the thread: a block as it is, compressed well. 0 or -errno. */
int record_file_put(struct record_file *file, enum block_kind kind, const void *bytes, size_t len);
/* The file gets its name before the first block with data, or at a regular end. Borrowed; NULL: it
 * has one. Before the thread. */
void record_file_set_name(struct record_file *file, struct new_file *name);
int record_file_start(struct record_file *file, struct err *err);

/* Room for `bytes` more in the current block, or in the next one. NULL: there is none now. */
uint8_t *record_file_room(struct record_file *file, size_t bytes);
/* Written up to here. */
void record_file_advance(struct record_file *file, const uint8_t *end);
/* What stands in the current block; it goes to the writer, unless it is empty. */
size_t record_file_pending(const struct record_file *file);
void record_file_submit(struct record_file *file);

/* What ended it: 0 as long as it works. Any thread. */
int record_file_error(const struct record_file *file);
uint64_t record_file_bytes(const struct record_file *file);
/* Writes all that was submitted and the end, for at most timeout_ms; then it is cut. */
void record_file_end(struct record_file *file, int timeout_ms);
struct out *record_file_out(struct record_file *file);

#endif
