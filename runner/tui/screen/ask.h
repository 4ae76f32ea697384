/* SPDX-License-Identifier: Apache-2.0 */
/* The bottom line: prompts, what their texts do, and messages. */
#ifndef BOMBUS_RUNNER_TUI_SCREEN_ASK_H
#define BOMBUS_RUNNER_TUI_SCREEN_ASK_H

#include "runner/tui/screen/screen.h"

/* Opens the prompt of an action. */
void ask(struct screen *screen, enum act act);
/* The search of view_flames, which stays open. */
void ask_search(struct screen *screen);
/* A key for the open prompt. *ret_chosen: the action that was chosen in the palette, for the caller
 * to do; else unchanged. */
enum wish ask_key(struct screen *screen, uint32_t key, const struct binding **ret_chosen);

/* To a moment after the last one. Only a recording that has not ended has any; else a message. */
enum wish ask_ahead(struct screen *screen, uint64_t ns);
/* A message: why there is no marked row to go to. */
void ask_unmarked(struct screen *screen);

#endif
