/* SPDX-License-Identifier: Apache-2.0 */
/* What a tab shows, for other programs: the shown columns of the shown rows, in their order, with
 * whole numbers instead of short ones. */
#ifndef BOMBUS_RUNNER_TUI_MODEL_EXPORT_H
#define BOMBUS_RUNNER_TUI_MODEL_EXPORT_H

#include "base/strbuf.h"
#include "runner/tui/model/tab.h"

/* files NULL: this process makes it. */
struct files;
int export_file(struct tab *tab, struct files *files, const char *path, uint64_t *ret_rows,
		struct err *err);
/* The row under the cursor, as `-o json` prints it. False: there is none. */
bool export_row(struct tab *tab, struct strbuf *ret);

#endif
