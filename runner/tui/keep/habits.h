/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a user, as the screen and the model have them. */
#ifndef BOMBUS_RUNNER_TUI_KEEP_HABITS_H
#define BOMBUS_RUNNER_TUI_KEEP_HABITS_H

#include "runner/tui/keep/settings.h"
#include "runner/tui/screen/screen.h"
#include "runner/tui/screen/theme.h"

/* NULL: no theme is set. */
const struct theme *habits_theme(const struct settings *settings);
void habits_keys(const struct settings *settings, struct screen *screen);
/* The columns of all tabs. */
void habits_columns(const struct settings *settings, struct model *model);
/* The other way. */
void habits_keep_columns(struct settings *settings, const struct model *model);

#endif
