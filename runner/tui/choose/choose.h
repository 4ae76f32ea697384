/* SPDX-License-Identifier: Apache-2.0 */
/* A screen to choose a program from, on the terminal. Verdicts come while it is shown. */
#ifndef BOMBUS_RUNNER_TUI_CHOOSE_CHOOSE_H
#define BOMBUS_RUNNER_TUI_CHOOSE_CHOOSE_H

#include "runner/tui/choose/chooser.h"

struct err;

struct choose_opts {
	int in_fd, out_fd;
	bool color;
	struct choice *choices;
	size_t count;
	/* Begins to find out whether it would run: a descriptor that is readable when answered() is
	 * to be called, or -errno: the verdict stays open. One at a time. */
	int (*ask)(void *ctx, const struct choice *choice);
	/* False: there is more to come. Else sets the verdict. */
	bool (*answered)(void *ctx, struct choice *choice);
	void *ctx;
};

/* 0; 1: none was chosen. */
int choose(const struct choose_opts *opts, size_t *ret, struct err *err);

#endif
