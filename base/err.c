// SPDX-License-Identifier: Apache-2.0
#define BOMBUS_ERR_C
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Whatever code a caller has at hand, what comes back must never read as success. */
static int failure(int code)
{
	if (code == 0)
		return -EIO;
	return code > 0 ? -code : code;
}

/*
 * Formats into dst; what does not fit ends in "...", cut between characters. dst may be among
 * the arguments, which is why the text is made elsewhere first.
 */
static void format_cut(char *dst, size_t size, const char *fmt, va_list ap)
{
	char text[sizeof(((struct err *)0)->msg) + 1];
	int len = vsnprintf(text, sizeof(text), fmt, ap);
	size_t keep;

	if (len < 0) {
		dst[0] = '\0';
		return;
	}
	if ((size_t)len < size) {
		memcpy(dst, text, (size_t)len + 1);
		return;
	}
	keep = size - sizeof("...");
	while (keep > 0 && ((unsigned char)text[keep] & 0xc0) == 0x80)
		keep--;
	memcpy(dst, text, keep);
	memcpy(dst + keep, "...", sizeof("..."));
}

static void format_msg(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void format_msg(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_cut(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		format_cut(err->msg, sizeof(err->msg), fmt, ap);
		va_end(ap);
	}
	return failure(code);
}

int err_usage(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		format_cut(err->msg, sizeof(err->msg), fmt, ap);
		va_end(ap);
		err_exit(err, EXIT_USAGE);
	}
	return -EINVAL;
}

void err_wrap(struct err *err, const char *fmt, ...)
{
	char context[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	format_cut(context, sizeof(context), fmt, ap);
	va_end(ap);
	if (err->msg[0])
		format_msg(err, "%s: %s", context, err->msg);
	else
		format_msg(err, "%s", context);
}

void err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->hint[0])
		return;
	va_start(ap, fmt);
	format_cut(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}

void err_detail(struct err *err, const char *text)
{
	size_t len, room;

	if (!err)
		return;
	len = text ? strlen(text) : 0;
	room = sizeof(err->detail) - 1;
	if (len > room) {
		const char *from = text + len - room;
		const char *line;

		/* The end of a line just before the cut means that a whole line starts there. */
		line = from[-1] == '\n' ? from : strchr(from, '\n');
		if (line && line != from)
			line++;
		/* One endless line has no better place to be cut. */
		if (line && *line)
			from = line;
		len -= (size_t)(from - text);
		text = from;
	}
	if (len)
		memmove(err->detail, text, len);
	err->detail[len] = '\0';
}

void err_exit(struct err *err, enum err_exit exit)
{
	if (err && !err->exit)
		err->exit = (int)exit;
}

int err_sys(struct err *err, int code, const char *fmt, ...)
{
	char what[sizeof(err->msg)], why[128];
	va_list ap;

	if (!err)
		return failure(code);
	va_start(ap, fmt);
	format_cut(what, sizeof(what), fmt, ap);
	va_end(ap);
	format_msg(err, "%s: %s", what, strerror_r(-failure(code), why, sizeof(why)));
	return failure(code);
}
