/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes about tc filters, one file each in $RUNTIME_DIRECTORY (else /run/bombus), so that a filter
 * can be removed whose owner and guard were both killed. Without a folder that can be written
 * there are no notes.
 */
#ifndef BOMBUS_RUNNER_LOAD_ATTACH_TC_NOTES_H
#define BOMBUS_RUNNER_LOAD_ATTACH_TC_NOTES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct tc_note {
	uint64_t netns; /* its inode */
	uint32_t ifindex, handle, priority, prog_id;
	bool egress, made_qdisc;
};

/* The network namespace of this process; 0: unknown. */
uint64_t tc_notes_netns(void);
/* The path of the note, malloc'ed; NULL: there is none. `guard` is the process that will remove the
 * filter. */
char *tc_note_write(const struct tc_note *note, pid_t guard);
/* Takes each note of this network namespace whose guard is dead away, and hands it over. */
void tc_notes_orphans(void (*fn)(void *ctx, const struct tc_note *note), void *ctx);

#endif
