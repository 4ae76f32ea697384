/* SPDX-License-Identifier: Apache-2.0 */
/* What a tab shows as text for others, written by the outputs that -o has. */
#ifndef BOMBUS_RUNNER_TUI_MODEL_EXPORT_H
#define BOMBUS_RUNNER_TUI_MODEL_EXPORT_H

#include "base/strbuf.h"
#include "runner/tui/model/tab.h"

int export_file(struct tab *tab, const char *path, uint64_t *ret_rows, struct err *err);
/* The row under the cursor. False: there is none. */
bool export_row(struct tab *tab, struct strbuf *ret);

#endif
