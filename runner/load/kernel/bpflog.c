// SPDX-License-Identifier: Apache-2.0
#include <bpf/libbpf.h>
#include <errno.h>

#include "base/log.h"
#include "base/util.h"
#include "runner/load/kernel/bpflog.h"

/* libbpf_print_fn_t has no context argument: this is the only way to one. */
static _Thread_local struct bpflog *running;

static const char LOG_BEGIN[] = "-- BEGIN PROG LOAD LOG --\n";
static const char LOG_END[] = "-- END PROG LOAD LOG --";

/* Copies the last `size - 1` bytes of text, from the start of a line. */
static void keep_tail(char *dst, size_t size, const char *text, size_t len)
{
	if (len >= size) {
		const char *cut = text + (len - size + 1);
		const char *line = memchr(cut, '\n', size - 1);

		cut = line ? line + 1 : cut;
		len -= cut - text;
		text = cut;
	}
	memcpy(dst, text, len);
	dst[len] = '\0';
}

static void keep_name(char *dst, const char *text, const char *before)
{
	const char *start = strstr(text, before);
	const char *end = start ? strchr(start + strlen(before), '\'') : NULL;
	size_t len;

	if (!end)
		return;
	start += strlen(before);
	len = MIN((size_t)(end - start), (size_t)BPFLOG_NAME_MAX - 1);
	memcpy(dst, start, len);
	dst[len] = '\0';
}

static void keep_warning(struct bpflog *log, const char *text, size_t len)
{
	size_t room = sizeof(log->warnings) - 1;

	len = MIN(len, room / 2);
	while (log->warnings_len + len > room) {
		char *eol = memchr(log->warnings, '\n', log->warnings_len);
		size_t cut = eol ? (size_t)(eol + 1 - log->warnings) : log->warnings_len;

		memmove(log->warnings, log->warnings + cut, log->warnings_len - cut);
		log->warnings_len -= cut;
	}
	memcpy(log->warnings + log->warnings_len, text, len);
	log->warnings_len += len;
	log->warnings[log->warnings_len] = '\0';
}

static void capture(struct bpflog *log, const char *text)
{
	const char *begin = strstr(text, LOG_BEGIN);

	keep_name(log->blamed, text, "prog '");
	keep_name(log->map, text, "map '");
	if (begin) {
		const char *start = begin + sizeof(LOG_BEGIN) - 1;
		const char *end = strstr(start, LOG_END);

		keep_tail(log->verifier, sizeof(log->verifier), start,
			  end ? (size_t)(end - start) : strlen(start));
	} else {
		keep_warning(log, text, strlen(text));
	}
}

static void log_lines(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len)
			log_debug("%.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static int on_print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	_cleanup_free_ char *text = NULL;
	int saved_errno = errno; /* libbpf looks at it after its message */

	if (log_level < LOG_DEBUG && (level != LIBBPF_WARN || !running))
		return 0;
	if (vasprintf(&text, fmt, args) < 0) {
		text = NULL;
		errno = saved_errno;
		return 0;
	}
	if (log_level >= LOG_DEBUG)
		log_lines(text);
	if (running && level == LIBBPF_WARN)
		capture(running, text);
	errno = saved_errno;
	return 0;
}

void bpflog_quiet(void)
{
	libbpf_set_print(on_print);
}

void bpflog_begin(struct bpflog *log)
{
	log->warnings[0] = log->verifier[0] = log->blamed[0] = log->map[0] = '\0';
	log->warnings_len = 0;
	running = log;
	bpflog_quiet();
}

void bpflog_end(struct bpflog *log)
{
	if (running == log)
		running = NULL;
}
