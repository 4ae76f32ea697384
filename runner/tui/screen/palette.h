/* SPDX-License-Identifier: Apache-2.0 */
/* The palette: all actions, of which a text leaves those that have it in their name or help. */
#ifndef BOMBUS_RUNNER_TUI_SCREEN_PALETTE_H
#define BOMBUS_RUNNER_TUI_SCREEN_PALETTE_H

#include "runner/tui/screen/keys.h"

/* The i-th action that the text leaves; NULL: there are not so many. */
const struct binding *palette_at(const char *text, uint32_t i);
uint32_t palette_count(const char *text);

#endif
