/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live table as a sink. The screen appears when the program runs (sink_host_start()), so that
 * what fails before is seen on the plain terminal; while it is up, log messages go to its
 * own view, and warnings among them are said again after it is gone.
 */
#ifndef BOMBUS_RUNNER_TUI_TUI_H
#define BOMBUS_RUNNER_TUI_TUI_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/sink/sink.h"

struct tui_opts {
	int in_fd, out_fd;	/* borrowed */
	const char *theme;	/* one of THEME_NAMES; NULL: "default" */
	bool color;		/* false: the theme is mono */
	uint64_t history_bytes; /* 0: the model's own */
	uint64_t interval_ns;	/* 0: 1 s */
};

/* Whether there is a terminal that it can be shown on, and this is the job that has it now (one
 * run by timeout(1) has not). */
bool tui_usable(int in_fd, int out_fd);
struct sink *sink_tui_new(const struct tui_opts *opts);

#endif
