/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three seconds of everything for a screen to show: rows that come, change and go, records, losses,
 * a program that is not there, messages, and text that would rather not be shown.
 */
#ifndef BOMBUS_TESTS_TUI_FEED_H
#define BOMBUS_TESTS_TUI_FEED_H

#include "tests/support/tui_fixture.h"

void feed_events(struct tui *t, uint32_t first, uint32_t count);
void feed_latency(struct tui *t, uint64_t from, uint64_t to);
void feed_all(struct tui *t);
/* The second program: six records, two rows, a loss, what its program costs. */
void feed_second(struct tui *t);

#endif
