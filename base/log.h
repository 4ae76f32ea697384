/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for people, on standard error unless log_to() names another place. Messages of libbpf
 * arrive at LOG_DEBUG. Control characters are escaped before they reach a terminal. Each line after
 * the first of a message is indented, so that text from outside that a message quotes cannot begin
 * a message of its own.
 */
#ifndef BOMBUS_BASE_LOG_H
#define BOMBUS_BASE_LOG_H

#include <stdarg.h>

#define LOG_INDENT "    "

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

extern _Atomic enum log_level log_level; /* messages above it are left out; LOG_INFO at start */

void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_vmsg(enum log_level level, const char *fmt, va_list ap);

/* Takes over where lines (escaped, without newline) go; a message may be several. Called by any
 * thread, one line at a time. NULL: standard error again, with "bombus: " in front. */
void log_to(void (*write)(void *ctx, enum log_level level, const char *line), void *ctx);

/* A second receiver of every line, called before the first one. NULL: none. */
void log_also(void (*write)(void *ctx, enum log_level level, const char *line), void *ctx);

#define log_error(...) log_msg(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_msg(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_msg(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_DEBUG, __VA_ARGS__)

#endif
