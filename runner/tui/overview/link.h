/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row filters other tabs: by the fields that both have under the same name, if they tell which
 * thing a row is about. A filter of the user's stays in force beside it, and comes back alone.
 */
#ifndef BOMBUS_RUNNER_TUI_OVERVIEW_LINK_H
#define BOMBUS_RUNNER_TUI_OVERVIEW_LINK_H

#include "base/strbuf.h"
#include "runner/tui/model/tab.h"

/* Filters `to` by the row under the cursor of `from`. False: they share no field, and `to` is not
 * filtered by it. Adds the names of the fields to `names` that are not there yet. */
bool link_tabs(struct tab *from, struct tab *to, struct strbuf *names);
/* False: it was not filtered so. */
bool unlink_tab(struct tab *tab);

#endif
