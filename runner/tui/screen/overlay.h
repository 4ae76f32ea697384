/* SPDX-License-Identifier: Apache-2.0 */
/* A view over the table: details, messages, help, flames, all actions. */
#ifndef BOMBUS_RUNNER_TUI_SCREEN_OVERLAY_H
#define BOMBUS_RUNNER_TUI_SCREEN_OVERLAY_H

#include "runner/tui/screen/screen.h"

void overlay_close(struct screen *screen);
/* Closes the view instead if it is open. */
void overlay_open(struct screen *screen, const struct view_ops *view);
/* Scrolls. False: the operation does not. */
bool overlay_move(struct screen *screen, enum model_op op);

#endif
