/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of a field to a number or to text. Pure: bytes in, values out; nothing is
 * allocated. Reading is unaligned-safe and never leaves the field.
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_DECODE_H
#define BOMBUS_RUNNER_READ_TEXT_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/load/plan/layout.h"

struct wallclock;
struct resolver; /* runner/read/text/resolve.h: names that the running system knows */

/* How text is made. */
enum style {
	STYLE_JSON,  /* a JSON value: 42, "curl", [1,2]; escaped; integers of any size as numbers */
	STYLE_TABLE, /* for people: 1.22ms, 1.2 MiB, ESTABLISHED; control characters escaped \xNN */
	STYLE_PLAIN, /* for labels, csv and regular expressions: as JSON without quotes, raw text
		      * bytes as they are up to NUL (escape afterwards), lists joined with ',' */
	STYLE_NAME,  /* of fields with field_has_name(): the name that STYLE_TABLE shows as a JSON
		      * string, null where there is none */
};

/*
 * Element `i` of the field as a number, i < count. Signed kinds are extended to 64 bits, bools are
 * 0 or 1, ports and IPv4 addresses come in the machine's order. Floats are converted (cut off and
 * held within the type's range, NaN is 0); text and bytes give 0; of 128-bit integers the first
 * two give the low half.
 */
uint64_t field_u64(const struct field *field, const void *base, uint32_t i);
int64_t field_i64(const struct field *field, const void *base, uint32_t i);
double field_double(const struct field *field, const void *base, uint32_t i);

/* MEAN_IP, `at` its first byte: AF_INET, AF_INET6, AF_UNSPEC (nothing was filled in), or -1 where
 * the field has no family inside. An unknown family with an address counts as AF_INET6. */
int field_ip_family(const struct field *field, const uint8_t *at);

/* A point in time of that meaning (meaning_traits.is_time) as nanoseconds since 1970. */
uint64_t time_to_unix(struct wallclock *clock, uint8_t meaning, uint64_t ns);

/* The name of a value in an enum, as field_u64() gives it; NULL: none. */
const char *enum_name(const struct enum_names *names, uint64_t raw);

/* The most bytes that field_text() can need for this field in any style, all elements. */
size_t field_text_max(const struct field *field);

/*
 * Writes all of the field, without NUL; returns the length. dst has field_text_max() bytes.
 * `resolver` may be NULL: then ids stay numbers, and so do times but unix_ns.
 *
 * In JSON a field has one type whatever its value is, so that jq and databases need not guess:
 *
 *	numbers		ints, floats (null where not finite), pids, ports, durations, sizes, uid,
 *			gid, cgroup, mntns, netns; bools are true and false
 *	strings		text, chars, addresses ("" for a MEAN_IP without family), pointers, bytes
 *	strings		enums, errno, signals, syscalls, families, TCP states, protocols: the
 *			name, else the number ("7"); no error is "0"
 *	strings		devices ("vda", else "253:0"), interfaces ("eth0", else "2"), symbols
 *			("tcp_v4_rcv+0x50", else "0xff..."), stacks ("outermost;...;innermost",
 *			else the id)
 *	strings		times, in RFC 3339; null where the value is 0
 *	arrays		lists, of these
 *
 * STYLE_PLAIN writes the same without quotes, "" for null. STYLE_TABLE has durations and sizes
 * with units, local times of day with microseconds, names of users and groups, paths of cgroups,
 * and nothing where errno or a signal is 0.
 */
size_t field_text(char *dst, const struct field *field, const void *base, enum style style,
		  struct resolver *resolver);

/* A number in JSON that has a name beside: users, groups, cgroups, flags of open(2), modes. */
bool field_has_name(const struct field *field);

/* Of its text in STYLE_PLAIN. Lasting: the same bytes have the same text as long as we run, which
 * is not so of what this machine gives its names to, or of times. Exact: different bytes have
 * different texts. */
bool field_text_is_lasting(const struct field *field);
bool field_text_is_exact(const struct field *field);

#endif
