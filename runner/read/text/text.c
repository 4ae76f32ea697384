// SPDX-License-Identifier: Apache-2.0
/*
 * A value is written by what it means; where it means nothing, or the meaning does not go with the
 * field's size, by its kind. What is a string in JSON goes through put_quoted() or, where it
 * cannot contain anything to escape, put_word().
 */
#include "runner/read/text/decode.h"

#include <math.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/read/text/dns.h"
#include "runner/read/text/human.h"
#include "runner/read/text/names.h"
#include "runner/read/raw.h"
#include "runner/read/text/resolve.h"

#define WORD_MAX 64	    /* names of names.h, times, addresses: all shorter */
#define RESOLVE_LIST_MAX 16 /* longer lists of ids stay numbers, which bounds field_text_max() */
#define DEV_MINOR_BITS 20

struct value {
	const struct field *field;
	const uint8_t *at; /* its first byte; for bit fields the byte its first bit is in */
	enum style style;
	struct resolver *resolver;
};

static char *put_quoted(char *d, const struct value *v, const char *text, size_t len)
{
	switch (v->style) {
	case STYLE_JSON:
		*d++ = '"';
		d += utf8_json_escape(d, text, len);
		*d++ = '"';
		return d;
	case STYLE_TABLE:
		return d + utf8_term_escape(d, text, len);
	default:
		memcpy(d, text, len);
		return d + len;
	}
}

/* Text of our own: nothing in it needs escaping. */
static char *put_word(char *d, const struct value *v, const char *text, size_t len)
{
	bool quotes = v->style == STYLE_JSON;

	if (quotes)
		*d++ = '"';
	memcpy(d, text, len);
	d += len;
	if (quotes)
		*d++ = '"';
	return d;
}

static char *put_bare(char *d, const char *text)
{
	while (*text)
		*d++ = *text++;
	return d;
}

static size_t format_hex(char *dst, uint64_t raw)
{
	static const char digits[] = "0123456789abcdef";
	unsigned shift = raw ? (63 - (unsigned)__builtin_clzll(raw)) / 4 * 4 : 0;
	size_t len = 0;

	dst[len++] = '0';
	dst[len++] = 'x';
	for (;; shift -= 4) {
		dst[len++] = digits[raw >> shift & 15];
		if (shift == 0)
			return len;
	}
}

static char *put_hex_number(char *d, const struct value *v, uint64_t raw)
{
	char word[WORD_MAX];

	return put_word(d, v, word, format_hex(word, raw));
}

/* 0.1f is 0.1 and not 0.10000000149011612: the fewest digits that give the same float. */
static double shortest_float(float v)
{
	locale_t before = uselocale(num_c_locale());
	char text[32];
	double d = v;

	for (int digits = 6; digits <= 9; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, (double)v);
		if (strtof(text, NULL) == v) {
			d = strtod(text, NULL);
			break;
		}
	}
	uselocale(before);
	return d;
}

static char *put_float(char *d, const struct value *v)
{
	double number = raw_double(v->field, v->at);

	if (v->style == STYLE_JSON && !isfinite(number))
		return put_bare(d, "null");
	if (v->field->size_bits == 32 && isfinite(number))
		number = shortest_float((float)number);
	return d + num_double(d, number);
}

static char *put_u128(char *d, const struct value *v)
{
	unsigned __int128 number = raw_u128(v->at);

	if (v->field->kind == KIND_INT && (__int128)number < 0) {
		*d++ = '-';
		number = -number;
	}
	return d + num_u128(d, number);
}

static char *put_enum(char *d, const struct value *v)
{
	int64_t number = raw_int(v->field, v->at);
	const char *name = enum_name(v->field->enums, (uint64_t)number);
	char word[WORD_MAX];

	if (name)
		return put_quoted(d, v, name, strlen(name));
	return put_word(d, v, word,
			v->field->is_signed ? num_i64(word, number)
					    : num_u64(word, (uint64_t)number));
}

static char *put_hex_bytes(char *d, const struct value *v)
{
	bool quotes = v->style == STYLE_JSON;

	if (quotes)
		*d++ = '"';
	d += num_hex_bytes(d, v->at, v->field->size_bits / 8);
	if (quotes)
		*d++ = '"';
	return d;
}

static char *put_kind(char *d, const struct value *v)
{
	const struct field *f = v->field;

	switch (f->kind) {
	case KIND_UINT:
		if (unlikely(f->size_bits == 128))
			return put_u128(d, v);
		return d + num_u64(d, raw_u64(f, v->at));
	case KIND_INT:
		if (unlikely(f->size_bits == 128))
			return put_u128(d, v);
		return d + num_i64(d, raw_extend(raw_u64(f, v->at), f->size_bits));
	case KIND_TEXT:
		return put_quoted(d, v, (const char *)v->at,
				  strnlen((const char *)v->at, f->size_bits / 8));
	case KIND_BOOL:
		return put_bare(d, raw_u64(f, v->at) ? "true" : "false");
	case KIND_FLOAT:
		return put_float(d, v);
	case KIND_ENUM:
		return put_enum(d, v);
	case KIND_PTR:
		return put_hex_number(d, v, raw_u64(f, v->at));
	default:
		return put_hex_bytes(d, v);
	}
}

static char *put_char(char *d, const struct value *v)
{
	char c = (char)raw_u64(v->field, v->at);

	return put_quoted(d, v, &c, c != '\0');
}

static char *put_address(char *d, const struct value *v)
{
	const uint8_t *at = v->at;
	uint32_t bytes = v->field->size_bits / 8;
	char word[WORD_MAX];
	size_t len = 0;

	switch (v->field->meaning) {
	case MEAN_IPV4:
		if (bytes != 4)
			return put_kind(d, v);
		len = num_ipv4(word, at);
		break;
	case MEAN_IPV6:
		if (bytes != 16)
			return put_kind(d, v);
		len = num_ipv6(word, at);
		break;
	default:
		switch (field_ip_family(v->field, at)) {
		case AF_INET:
			len = num_ipv4(word, at + v->field->addr_at);
			break;
		case AF_INET6:
			len = num_ipv6(word, at + v->field->addr_at);
			break;
		case AF_UNSPEC:
			break;
		default:
			return put_hex_bytes(d, v);
		}
	}
	return put_word(d, v, word, len);
}

static char *put_mac(char *d, const struct value *v)
{
	char word[3 * 8];
	size_t len = 0;

	if (v->field->size_bits != 48)
		return put_kind(d, v);
	for (unsigned i = 0; i < 6; i++) {
		if (i)
			word[len++] = ':';
		len += num_hex_bytes(word + len, v->at + i, 1);
	}
	return put_word(d, v, word, len);
}

static uint64_t duration_unit(uint8_t meaning)
{
	switch (meaning) {
	case MEAN_DURATION_NS:
		return 1;
	case MEAN_DURATION_US:
		return 1000;
	case MEAN_DURATION_MS:
		return 1000000;
	default:
		return 1000000000;
	}
}

static char *put_quantity(char *d, const struct value *v)
{
	const struct field *f = v->field;
	bool is_size = f->meaning == MEAN_SIZE_BYTES;
	uint64_t unit = is_size ? 1 : duration_unit(f->meaning), amount;
	bool negative;

	if (v->style != STYLE_TABLE)
		return put_kind(d, v);
	if (f->kind == KIND_FLOAT) {
		double number = raw_double(f, v->at);

		if (!isfinite(number))
			return put_kind(d, v);
		negative = number < 0;
		amount = raw_uint_of_double(rint(fabs(number) * (double)unit));
		unit = 1;
	} else if (raw_is_number(f)) {
		amount = (uint64_t)raw_int(f, v->at);
		negative = f->kind == KIND_INT && (int64_t)amount < 0;
		if (negative)
			amount = -amount;
	} else {
		return put_kind(d, v);
	}
	if (negative)
		*d++ = '-';
	return d + (is_size ? human_bytes(d, amount) : human_duration(d, amount, unit));
}

/* Zero is no time at all: the program did not fill it in. */
static char *put_time(char *d, const struct value *v)
{
	struct wallclock *clock = v->resolver ? resolver_clock(v->resolver) : NULL;
	char word[WORD_MAX];
	uint64_t ns;

	if (!raw_is_number(v->field))
		return put_kind(d, v);
	ns = (uint64_t)raw_int(v->field, v->at);
	if (ns == 0)
		return v->style == STYLE_JSON ? put_bare(d, "null") : d;
	if (v->field->meaning != MEAN_UNIX_NS && !clock)
		return put_kind(d, v);
	if (v->field->meaning == MEAN_KTIME_NS)
		ns = wallclock_from_mono(clock, ns);
	else if (v->field->meaning == MEAN_BOOTTIME_NS)
		ns = wallclock_from_boot(clock, ns);
	if (v->style == STYLE_TABLE)
		return d + human_clock(d, ns);
	return put_word(d, v, word, format_rfc3339(ns, word));
}

/* Numbers with fixed names. JSON has a string in any case, so that a column has one type. */
static char *put_named(char *d, const struct value *v)
{
	const struct field *f = v->field;
	const char *name = NULL;
	char word[WORD_MAX];
	int64_t number;
	bool is_none; /* no error, no signal */

	if (!raw_is_number(f))
		return put_kind(d, v);
	number = raw_int(f, v->at);
	is_none = number == 0 && v->style == STYLE_TABLE;
	switch (f->meaning) {
	case MEAN_ERRNO:
		/* Often kept, negative, in an unsigned int. */
		if (f->size_bits >= 16)
			number = raw_extend((uint64_t)number, f->size_bits);
		name = is_none ? "" : name_errno(number);
		break;
	case MEAN_SIGNAL:
		name = is_none ? "" : name_signal(number);
		break;
	case MEAN_SYSCALL:
		name = name_syscall(number);
		break;
	case MEAN_AF:
		name = name_af(number);
		break;
	case MEAN_TCP_STATE:
		name = name_tcp_state(number);
		break;
	case MEAN_IP_PROTO:
		name = name_ip_proto(number);
		break;
	}
	if (name)
		return put_quoted(d, v, name, strlen(name));
	if (f->kind == KIND_ENUM)
		return put_enum(d, v);
	return put_word(d, v, word, num_i64(word, number));
}

static const char *resolved(const struct value *v, uint64_t id)
{
	if (!v->resolver || v->field->count > RESOLVE_LIST_MAX)
		return NULL;
	return resolve(v->resolver, v->field->meaning, id);
}

/* Ids that stay numbers for programs, and get a name for people. */
static char *put_id(char *d, const struct value *v)
{
	const char *name;

	if (v->style != STYLE_TABLE || !raw_is_number(v->field))
		return put_kind(d, v);
	name = resolved(v, (uint64_t)raw_int(v->field, v->at));
	return name ? put_quoted(d, v, name, strlen(name)) : put_kind(d, v);
}

/* Ids that say nothing without their name. Strings in JSON, found or not. */
static char *put_resolved(char *d, const struct value *v)
{
	const struct field *f = v->field;
	const char *name;
	char word[WORD_MAX];
	uint64_t id;
	size_t len;

	if (!raw_is_number(f) && f->kind != KIND_PTR)
		return put_kind(d, v);
	id = (uint64_t)raw_int(f, v->at);
	name = resolved(v, id);
	if (name)
		return put_quoted(d, v, name, strlen(name));
	if (f->meaning == MEAN_KSYM) {
		len = format_hex(word, id);
	} else if (f->meaning == MEAN_DEV) {
		len = num_u64(word, id >> DEV_MINOR_BITS);
		word[len++] = ':';
		len += num_u64(word + len, id & ((1u << DEV_MINOR_BITS) - 1));
	} else {
		len = num_i64(word, (int64_t)id);
	}
	return put_word(d, v, word, len);
}

/* Dotted text never starts with a control character, and has no zero but behind its end. */
static char *put_dns(char *d, const struct value *v)
{
	size_t room = v->field->size_bits / 8;
	char name[DNS_MAX + 1];
	bool whole;
	int len;

	if (v->field->kind != KIND_TEXT && v->field->kind != KIND_BYTES)
		return put_kind(d, v);
	len = dns_unpack(name, v->at, room, &whole);
	if (len >= 0 && (whole || (room && v->at[0] < ' ')))
		return put_quoted(d, v, name, (size_t)len);
	return put_quoted(d, v, (const char *)v->at, strnlen((const char *)v->at, room));
}

static char *put_one(char *d, const struct value *v)
{
	switch ((enum meaning)v->field->meaning) {
	case MEAN_NONE:
	case MEAN_PID:
	case MEAN_MNTNS:
	case MEAN_NETNS:
		return put_kind(d, v);
	case MEAN_CHAR:
		return raw_is_number(v->field) ? put_char(d, v) : put_kind(d, v);
	case MEAN_IPV4:
	case MEAN_IPV6:
	case MEAN_IP:
		return v->field->is_bits ? put_kind(d, v) : put_address(d, v);
	case MEAN_PORT_BE:
		return raw_is_swapped(v->field) ? d + num_u64(d, raw_swapped(v->field, v->at))
						: put_kind(d, v);
	case MEAN_MAC:
		return put_mac(d, v);
	case MEAN_DURATION_NS:
	case MEAN_DURATION_US:
	case MEAN_DURATION_MS:
	case MEAN_DURATION_S:
	case MEAN_SIZE_BYTES:
		return put_quantity(d, v);
	case MEAN_KTIME_NS:
	case MEAN_BOOTTIME_NS:
	case MEAN_UNIX_NS:
		return put_time(d, v);
	case MEAN_UID:
	case MEAN_GID:
	case MEAN_CGROUP:
		return put_id(d, v);
	case MEAN_ERRNO:
	case MEAN_SIGNAL:
	case MEAN_SYSCALL:
	case MEAN_AF:
	case MEAN_TCP_STATE:
	case MEAN_IP_PROTO:
		return put_named(d, v);
	case MEAN_DEV:
	case MEAN_IFINDEX:
	case MEAN_KSYM:
	case MEAN_KSTACK:
	case MEAN_USTACK:
		return put_resolved(d, v);
	case MEAN_DNS:
		return put_dns(d, v);
	case MEAN_HEX:
		return raw_is_number(v->field) ? put_hex_number(d, v, raw_u64(v->field, v->at))
					       : put_kind(d, v);
	}
	return put_kind(d, v);
}

size_t field_text(char *dst, const struct field *field, const void *base, enum style style,
		  struct resolver *resolver)
{
	struct value v = { field, raw_element(field, base, 0), style, resolver };
	char *d = dst;

	if (likely(field->count == 1))
		return (size_t)(put_one(dst, &v) - dst);
	if (style == STYLE_JSON)
		*d++ = '[';
	for (uint32_t i = 0; i < field->count; i++) {
		if (i)
			*d++ = ',';
		v.at = raw_element(field, base, i);
		d = put_one(d, &v);
	}
	if (style == STYLE_JSON)
		*d++ = ']';
	return (size_t)(d - dst);
}

static size_t kind_max(const struct field *f)
{
	size_t room = f->size_bits / 8, longest = NUM_HEX_ROOM(room) + 2;

	switch (f->kind) {
	case KIND_TEXT:
		return UTF8_JSON_ROOM(room) + 2;
	case KIND_ENUM:
		for (uint32_t i = 0; f->enums && i < f->enums->count; i++)
			longest = MAX(longest, UTF8_JSON_ROOM(strlen(f->enums->names[i].name)) + 2);
		return longest;
	default:
		return longest;
	}
}

size_t field_text_max(const struct field *field)
{
	size_t one = MAX(kind_max(field), (size_t)WORD_MAX);

	switch (field->meaning) {
	case MEAN_UID:
	case MEAN_GID:
	case MEAN_CGROUP:
	case MEAN_DEV:
	case MEAN_IFINDEX:
	case MEAN_KSYM:
	case MEAN_KSTACK:
	case MEAN_USTACK:
		if (field->count <= RESOLVE_LIST_MAX)
			one = MAX(one, (size_t)UTF8_JSON_ROOM(RESOLVE_MAX) + 2);
		break;
	case MEAN_DNS:
		one = MAX(one,
			  (size_t)UTF8_JSON_ROOM(MIN((size_t)DNS_MAX, field->size_bits / 8ul)) + 2);
		break;
	}
	return field->count == 1 ? one : (one + 1) * field->count + 2;
}
