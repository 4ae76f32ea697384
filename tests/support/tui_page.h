/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of the model as plain text, and what they have to be. */
#ifndef BOMBUS_TESTS_TUI_PAGE_H
#define BOMBUS_TESTS_TUI_PAGE_H

#include "tests/support/tui_fixture.h"

/* The page as a screen would draw it, marks in front; the caller frees. */
char *page_text_of(struct tui *t, uint32_t width, uint32_t height);
void assert_page(struct tui *t, uint32_t width, uint32_t height, const char *want);
void assert_cursor(struct tui *t, uint32_t row);
/* The first column of the page's rows, with blanks between them. */
void assert_rows(struct tui *t, uint32_t height, const char *want);

#endif
