// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/logview.h"

#include "base/utf8.h"
#include "base/util.h"
#include "runner/read/text/human.h"

#define CLOCK_CELLS 8 /* "12:04:31" */

struct logview {
	char *lines[LOG_LINES]; /* a ring */
	uint64_t added;
};

struct logview *logview_new(void)
{
	return xcalloc(1, sizeof(struct logview));
}

void logview_free(struct logview *log)
{
	if (!log)
		return;
	for (uint32_t i = 0; i < LOG_LINES; i++)
		free(log->lines[i]);
	free(log);
}

static void add_line(struct logview *log, const char *text, size_t len, uint64_t real_ns)
{
	char clock[HUMAN_ROOM], **line = &log->lines[log->added++ % LOG_LINES];
	size_t at = 0;

	len = MIN(len, (size_t)LOG_LINE_BYTES);
	free(*line);
	*line = xmalloc(UTF8_TERM_ROOM(len) + CLOCK_CELLS + 2);
	human_clock(clock, real_ns);
	memcpy(*line, clock, CLOCK_CELLS);
	at = CLOCK_CELLS;
	(*line)[at++] = ' ';
	at += utf8_term_escape(*line + at, text, len);
	(*line)[at] = '\0';
}

void logview_add(struct logview *log, const char *text, uint64_t real_ns)
{
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len)
			add_line(log, text, len, real_ns);
	}
}

uint32_t logview_lines(const struct logview *log)
{
	return (uint32_t)MIN(log->added, (uint64_t)LOG_LINES);
}

const char *logview_line(const struct logview *log, uint32_t i)
{
	uint64_t first = log->added - logview_lines(log);

	return log->lines[(first + i) % LOG_LINES];
}

uint64_t logview_dropped(const struct logview *log)
{
	return log->added - logview_lines(log);
}
