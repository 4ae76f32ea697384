// SPDX-License-Identifier: Apache-2.0
#include "runner/read/text/frames.h"

#include <ctype.h>
#include <string.h>

#define CUT FRAMES_CUT ";"
#define UNKNOWN "[unknown]"

void frames_begin(struct frames *f, char *text, size_t size)
{
	*f = (struct frames){ .text = text, .start = size - 1, .size = size - 1 };
	text[size - 1] = '\0';
}

bool frames_add(struct frames *f, const char *frame, size_t len)
{
	char *at;

	if (f->cut)
		return false;
	if (len + 1 + strlen(CUT) > f->start) {
		f->cut = true;
		f->start -= strlen(CUT);
		memcpy(f->text + f->start, CUT, strlen(CUT));
		return false;
	}
	if (f->start != f->size)
		f->text[--f->start] = ';';
	f->start -= len;
	at = f->text + f->start;
	for (size_t i = 0; i < len; i++)
		at[i] = frame[i] == ';' ? ':' : (unsigned char)frame[i] < ' ' ? '?' : frame[i];
	return true;
}

size_t frames_end(struct frames *f)
{
	size_t len = f->size - f->start;

	memmove(f->text, f->text + f->start, len + 1);
	return len;
}

size_t frames_reverse(char *dst, const char *text, size_t len)
{
	char *at = dst;

	for (size_t end = len; end;) {
		size_t start = end;

		while (start && text[start - 1] != ';')
			start--;
		memcpy(at, text + start, end - start);
		at += end - start;
		if (start) {
			memcpy(at, " < ", 3);
			at += 3;
		}
		end = start ? start - 1 : 0;
	}
	return (size_t)(at - dst);
}

const char *frames_next(const char **at, size_t *ret_len)
{
	const char *frame = *at;

	if (!*frame)
		return NULL;
	*ret_len = strcspn(frame, ";");
	*at = frame + *ret_len + (frame[*ret_len] == ';');
	return frame;
}

/* The length of a "+0x50" at the end of the first len bytes. */
static size_t offset_at_end(const char *text, size_t len)
{
	size_t at = len;

	while (at && isxdigit((unsigned char)text[at - 1]))
		at--;
	return at < len && at >= 3 && memcmp(text + at - 3, "+0x", 3) == 0 ? len - at + 3 : 0;
}

size_t frame_plain(char *dst, const char *frame, size_t len)
{
	size_t tail = 0, head;

	if (len > 2 && memcmp(frame, "0x", 2) == 0) {
		const char *why = memchr(frame, '[', len);

		head = why ? len - (size_t)(why - frame) : strlen(UNKNOWN);
		memcpy(dst, why ? why : UNKNOWN, head);
		return head;
	}
	if (frame[len - 1] == ']' || frame[len - 1] == ')')
		while (tail < len && frame[len - 1 - tail] != ' ')
			tail++;
	tail = tail < len ? tail + (tail != 0) : 0;
	head = len - tail;
	head -= offset_at_end(frame, head);
	memcpy(dst, frame, head);
	memcpy(dst + head, frame + len - tail, tail);
	return head + tail;
}
