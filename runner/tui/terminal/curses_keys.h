/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, mouse reports and pasted text as ncurses reads them, as events of the terminal. */
#ifndef BOMBUS_RUNNER_TUI_TERMINAL_CURSES_KEYS_H
#define BOMBUS_RUNNER_TUI_TERMINAL_CURSES_KEYS_H

#include <stdbool.h>
#include <wchar.h>
#include "runner/tui/terminal/terminal.h"

/* The sequences around pasted text, and PACE_ANSWER, become keys of the current screen. */
void curses_keys_define(void);

/* What wget_wch() returned: `kind` is OK for a character, KEY_CODE_YES for a code. ret stays as it
 * is where there is no event. *pasting: between the two sequences. */
void curses_key_event(int kind, wint_t key, bool *pasting, struct terminal_event *ret);

/* PACE_ANSWER. */
bool curses_key_is_answer(int kind, wint_t key);

#endif
