/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of the ids in a row: model_who() of model.h. */
#ifndef BOMBUS_RUNNER_TUI_WHO_WHO_PANE_H
#define BOMBUS_RUNNER_TUI_WHO_WHO_PANE_H

#include "runner/tui/model/tab.h"

/* now_ns: what is looked at is looked at again when this has changed. */
void who_pane(struct tab *tab, struct arena *arena, uint64_t now_ns, struct model_detail *ret);

#endif
