// SPDX-License-Identifier: Apache-2.0
/* libbombus-trace: see include/bombus/trace.h. It depends on nothing but the C library. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sdt.h>
#include <time.h>
#include <unistd.h>

#include "include/bombus/trace.h"

#define KIND_INTERNAL 1

_Static_assert(sizeof(struct bombus_span) == 120 && offsetof(struct bombus_span, start_ns) == 32 &&
		       offsetof(struct bombus_span, name) == 56,
	       "what programs of the kernel read");

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool is_zero(const unsigned char *id, size_t len)
{
	while (len && !id[len - 1])
		len--;
	return len == 0;
}

/* Never all zero. Where the kernel gives no random bytes (a sandbox), the clock and the caller's
 * place in memory have to do: ids want to be different, not secret. */
static void new_id(unsigned char *id, size_t len)
{
	while (getrandom(id, len, 0) != (ssize_t)len || is_zero(id, len)) {
		uint64_t seed = now_ns() ^ (uint64_t)(uintptr_t)id ^ (uint64_t)getpid() << 40;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			id[i] = seed >> 56;
		}
		if (!is_zero(id, len))
			return;
	}
}

static void copy_name(char name[BOMBUS_SPAN_NAME_SIZE], const char *text)
{
	size_t len = strnlen(text ? text : "", BOMBUS_SPAN_NAME_SIZE);

	if (len == BOMBUS_SPAN_NAME_SIZE) {
		/* Back to where a character begins, which is then left out. */
		for (len--; len && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
			;
	}
	if (len)
		memcpy(name, text, len);
	memset(name + len, 0, BOMBUS_SPAN_NAME_SIZE - len);
}

static void begin(struct bombus_span *span, const char *name)
{
	span->kind = KIND_INTERNAL;
	new_id(span->span_id, sizeof(span->span_id));
	copy_name(span->name, name);
	span->start_ns = now_ns();
}

void bombus_span_start(struct bombus_span *span, const struct bombus_span *parent, const char *name)
{
	struct bombus_span made = { .flags = BOMBUS_SPAN_SAMPLED };

	if (parent) {
		memcpy(made.trace_id, parent->trace_id, sizeof(made.trace_id));
		memcpy(made.parent_span_id, parent->span_id, sizeof(made.parent_span_id));
		made.flags = parent->flags;
	} else {
		new_id(made.trace_id, sizeof(made.trace_id));
	}
	begin(&made, name);
	*span = made;
}

/* --- W3C Trace Context ----------------------------------------------------------------------- */

/* Digits are lower case: the specification allows no others. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes 2 * len digits and a dash, or the end, after them; NULL where they are not there. */
static const char *take_hex(const char *text, unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);

		if (low < 0)
			return NULL;
		bytes[i] = (unsigned char)(high << 4 | low);
		text += 2;
	}
	if (*text == '-')
		return text + 1;
	return *text ? NULL : text;
}

int bombus_span_start_remote(struct bombus_span *span, const char *traceparent, const char *name)
{
	struct bombus_span made = { 0 };
	unsigned char version, flags;
	const char *rest = traceparent;

	rest = rest ? take_hex(rest, &version, 1) : NULL;
	rest = rest ? take_hex(rest, made.trace_id, sizeof(made.trace_id)) : NULL;
	rest = rest ? take_hex(rest, made.parent_span_id, sizeof(made.parent_span_id)) : NULL;
	rest = rest ? take_hex(rest, &flags, 1) : NULL;
	if (!rest || version == 0xff)
		return -1;
	/* Later versions may have more to say behind this; the first has not. */
	if (version == 0 && rest[-1] == '-')
		return -1;
	if (is_zero(made.trace_id, sizeof(made.trace_id)) ||
	    is_zero(made.parent_span_id, sizeof(made.parent_span_id)))
		return -1;
	made.flags = flags & BOMBUS_SPAN_SAMPLED;
	begin(&made, name);
	*span = made;
	return 0;
}

static char *put_hex(char *text, const unsigned char *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 15];
	}
	*text++ = '-';
	return text;
}

void bombus_traceparent(const struct bombus_span *span, char text[BOMBUS_TRACEPARENT_SIZE])
{
	const unsigned char version = 0, flags = span->flags & BOMBUS_SPAN_SAMPLED;

	text = put_hex(text, &version, 1);
	text = put_hex(text, span->trace_id, sizeof(span->trace_id));
	text = put_hex(text, span->span_id, sizeof(span->span_id));
	text = put_hex(text, &flags, 1);
	text[-1] = '\0';
}

/* --- The probe ------------------------------------------------------------------------------- */

/* One function, so that there is one place in the program for the kernel to listen at. */
static void __attribute__((noinline))
tell(enum bombus_trace_what what, uint64_t subject, const struct bombus_span *span)
{
	uint64_t high = 0, low = 0, id = 0, flags = 0;

	if (span && span->flags & BOMBUS_SPAN_SAMPLED) {
		memcpy(&high, span->trace_id, sizeof(high));
		memcpy(&low, span->trace_id + sizeof(high), sizeof(low));
		memcpy(&id, span->span_id, sizeof(id));
		flags = span->flags;
	}
	/* What is read of the span by its address has to be in memory by then. */
	__asm__ volatile("" : : "r"(span) : "memory");
	DTRACE_PROBE6(bombus, trace, (uint64_t)what, subject, high, low, id, flags);
}

void bombus_span_end(struct bombus_span *span)
{
	span->duration_ns = now_ns() - span->start_ns;
	if (span->flags & BOMBUS_SPAN_SAMPLED)
		tell(BOMBUS_TRACE_SPAN, (uint64_t)(uintptr_t)span, span);
}

void bombus_follow_thread(const struct bombus_span *span)
{
	tell(BOMBUS_TRACE_THREAD, 0, span);
}

void bombus_follow_socket(int fd, const struct bombus_span *span)
{
	tell(BOMBUS_TRACE_SOCKET, (uint64_t)(unsigned int)fd, span);
}
