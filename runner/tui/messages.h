/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of all threads while the screen is shown: lines for the model, and warnings and errors
 * that are printed again when the screen is gone.
 */
#ifndef BOMBUS_RUNNER_TUI_MESSAGES_H
#define BOMBUS_RUNNER_TUI_MESSAGES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/log.h"
#include "base/strbuf.h"

struct err;
struct model;

struct messages {
	int bell_fd; /* messages ring it */
	pthread_mutex_t lock;
	struct strbuf waiting; /* lines for the model */
	struct strbuf kept;    /* warnings, printed again at the end */
	struct strbuf errors;  /* the same, until another version of a program runs */
	bool alarm;	       /* there was an error since the last look */
	uint64_t left_out;
};

void messages_init(struct messages *messages);
int messages_open(struct messages *messages, struct err *err); /* makes the bell */
void messages_release(struct messages *messages);

/* For log_to(): any thread calls it. */
void messages_log(void *messages, enum log_level level, const char *line);
/* Gives new lines to the model. True: there is an error among them. */
bool messages_take(struct messages *messages, struct model *model);
/* Another version of a program runs: the errors were about those between. */
void messages_forget_errors(struct messages *messages);
/* Logs warnings and errors again; log_to() has been undone. */
void messages_print(struct messages *messages);

#endif
