/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that were entered in prompts, each kind with its own, to be called back with the
 * arrows. */
#ifndef BOMBUS_RUNNER_TUI_SCREEN_RECALL_H
#define BOMBUS_RUNNER_TUI_SCREEN_RECALL_H

#include <stdint.h>

#define RECALL_MAX 50u /* of all kinds; the oldest go */

struct recall {
	char *texts[RECALL_MAX]; /* oldest first */
	uint8_t kinds[RECALL_MAX];
	uint32_t count;
	uint32_t at; /* the one that the prompt has; count: what is being typed */
	char *typed; /* that, while another one is shown */
};

void recall_release(struct recall *recall);
/* An empty text, and one that is there already, take no new place. */
void recall_add(struct recall *recall, uint8_t kind, const char *text);
/* A prompt opens. */
void recall_begin(struct recall *recall);
/* One back (-1) or ahead, from the text that the prompt has. NULL: there is none. */
const char *recall_step(struct recall *recall, uint8_t kind, int step, const char *text);

#endif
