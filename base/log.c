// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/util.h"

#define MAX_MESSAGE_BYTES (1024 * 1024) /* the log of the verifier comes in one message */

_Atomic enum log_level log_level = LOG_INFO;

/* Where lines go. Recursive: a writer may log, and oom_hook may take the screen's writer away. */
static struct {
	pthread_mutex_t lock;
	void (*write)(void *ctx, enum log_level level, const char *line);
	void *ctx;
	void (*also)(void *ctx, enum log_level level, const char *line);
	void *also_ctx;
} target = { .lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP };

static const char *const prefixes[] = {
	[LOG_ERROR] = "bombus: ",
	[LOG_WARN] = "bombus: warning: ",
	[LOG_INFO] = "bombus: ",
	[LOG_DEBUG] = "bombus: debug: ",
};

/* One write() a line, so that lines of several threads and processes stay whole. */
static void write_stderr(enum log_level level, const char *line)
{
	_cleanup_free_ char *text = xasprintf("%s%s\n", prefixes[level], line);
	size_t left = strlen(text);
	const char *p = text;

	while (left) {
		ssize_t done = write(STDERR_FILENO, p, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		p += done;
		left -= (size_t)done;
	}
}

/*
 * Messages quote text from outside (registries, receivers, programs). A newline in it must not
 * begin what looks like a message of its own, so that every further line is indented.
 */
static void emit_line(enum log_level level, const char *raw, size_t len, bool first)
{
	size_t indent = first ? 0 : strlen(LOG_INDENT);
	_cleanup_free_ char *line = xmalloc(indent + UTF8_TERM_ROOM(len) + 1);

	memcpy(line, LOG_INDENT, indent);
	line[indent + utf8_term_escape(line + indent, raw, len)] = '\0';
	if (target.also)
		target.also(target.also_ctx, level, line);
	if (target.write)
		target.write(target.ctx, level, line);
	else
		write_stderr(level, line);
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vmsg(level, fmt, ap);
	va_end(ap);
}

/* Messages of libraries end in a newline and may hold several lines, indented with tabs. */
void log_vmsg(enum log_level level, const char *fmt, va_list ap)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(MAX_MESSAGE_BYTES);
	int errno_before = errno;
	char *line, *end;

	if (level > log_level)
		return;
	strbuf_vaddf(&text, fmt, ap);
	if (text.full) {
		strbuf_reset(&text);
		strbuf_addf(&text, "(a message of over %d bytes is left out)", MAX_MESSAGE_BYTES);
	}
	while (text.len && text.buf[text.len - 1] == '\n')
		text.buf[--text.len] = '\0';
	for (char *tab = text.buf; tab && (tab = strchr(tab, '\t'));)
		*tab = ' ';

	pthread_mutex_lock(&target.lock);
	for (line = text.buf; line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		emit_line(level, line, end ? (size_t)(end - line) : strlen(line), line == text.buf);
	}
	pthread_mutex_unlock(&target.lock);
	errno = errno_before;
}

void log_to(void (*write)(void *ctx, enum log_level level, const char *line), void *ctx)
{
	pthread_mutex_lock(&target.lock);
	target.write = write;
	target.ctx = ctx;
	pthread_mutex_unlock(&target.lock);
}

void log_also(void (*write)(void *ctx, enum log_level level, const char *line), void *ctx)
{
	pthread_mutex_lock(&target.lock);
	target.also = write;
	target.also_ctx = ctx;
	pthread_mutex_unlock(&target.lock);
}
