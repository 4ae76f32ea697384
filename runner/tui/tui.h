/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live table as a sink. The screen appears when the programs run (host_start()), so that
 * earlier errors appear on the plain terminal. While it is up, messages go to a view of their own;
 * warnings and errors are printed again when it is gone.
 */
#ifndef BOMBUS_RUNNER_TUI_TUI_H
#define BOMBUS_RUNNER_TUI_TUI_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/sink/recording/record.h"
#include "runner/sink/sink.h"

struct settings;

struct tui_opts {
	int in_fd, out_fd;	/* borrowed */
	const char *theme;	/* one of THEME_NAMES; NULL: "default" */
	bool color;		/* false: the theme is mono */
	uint64_t history_bytes; /* 0: MODEL_HISTORY_BYTES */
	uint64_t interval_ns;	/* 0: 1 s */
	struct files *files;	/* make what is written; borrowed; NULL: this process does */
	/* What recordings have of the programs; borrowed; none: nothing can be recorded. */
	const struct record_image *images;
	size_t nimages;
	struct settings *settings; /* the sink frees them; NULL: nothing is kept */
	const char *command;	   /* that began the run, for a shell; borrowed; NULL: unknown */
};

/* Both are terminals that the live table can use, and this process is in the foreground (under
 * timeout(1) it is not). */
bool tui_usable(int in_fd, int out_fd);
/* $TERM, where both are terminals and the live table fails only because this system does not know
 * their type; else NULL. */
const char *tui_unknown_type(int in_fd, int out_fd);
struct sink *sink_tui_new(const struct tui_opts *opts);

#endif
