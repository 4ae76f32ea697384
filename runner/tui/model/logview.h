/* SPDX-License-Identifier: Apache-2.0 */
/* The last messages, one per line, with their times. Bounded: the oldest are dropped and counted.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_LOGVIEW_H
#define BOMBUS_RUNNER_TUI_MODEL_LOGVIEW_H

#include <stdint.h>

#define LOG_LINES 1000u
#define LOG_LINE_BYTES 1024u /* longer lines are cut */

struct logview;
struct logview *logview_new(void);
void logview_free(struct logview *log);
void logview_add(struct logview *log, const char *text, uint64_t real_ns);
uint32_t logview_lines(const struct logview *log);
/* Escaped; i < logview_lines(), oldest first. */
const char *logview_line(const struct logview *log, uint32_t i);
uint64_t logview_dropped(const struct logview *log);

#endif
