// SPDX-License-Identifier: Apache-2.0
/*
 * A value is written by what it means; where it means nothing, or the meaning does not go with the
 * field's size, by its kind. What is a string in JSON goes through put_quoted() or, where it
 * cannot contain anything to escape, put_word().
 */
#include "runner/read/text/decode.h"

#include <errno.h>
#include <math.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/text/decoding.h"
#include "runner/read/text/dns.h"
#include "runner/read/text/frames.h"
#include "runner/read/text/human.h"
#include "runner/read/text/names.h"
#include "runner/read/raw.h"
#include "runner/read/text/resolve.h"
#include "runner/read/text/text_put.h"

#define RESOLVE_LIST_MAX 16 /* longer lists of ids stay numbers, which bounds field_text_max() */
#define DEV_MINOR_BITS 20

static char *put_char(char *d, const struct value *v)
{
	char c;

	if (!raw_is_number(v->field))
		return put_kind(d, v);
	c = (char)raw_u64(v->field, v->at);
	return put_quoted(d, v, &c, c != '\0');
}

static char *put_ipv4(char *d, const struct value *v)
{
	char word[WORD_MAX];

	if (v->field->size_bits != 32 || v->field->is_bits)
		return put_kind(d, v);
	return put_word(d, v, word, num_ipv4(word, v->at));
}

static char *put_ipv6(char *d, const struct value *v)
{
	char word[WORD_MAX];

	if (v->field->size_bits != 128)
		return put_kind(d, v);
	return put_word(d, v, word, num_ipv6(word, v->at));
}

static char *put_ip(char *d, const struct value *v)
{
	const uint8_t *addr = v->at + v->field->addr_at;
	char word[WORD_MAX];

	switch (field_ip_family(v->field, v->at)) {
	case AF_INET:
		return put_word(d, v, word, num_ipv4(word, addr));
	case AF_INET6:
		return put_word(d, v, word, num_ipv6(word, addr));
	case AF_UNSPEC:
		return put_word(d, v, word, 0);
	default:
		return put_hex_bytes(d, v);
	}
}

static char *put_net(char *d, const struct value *v)
{
	return raw_is_swapped(v->field) ? d + num_u64(d, raw_swapped(v->field, v->at))
					: put_kind(d, v);
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

static char *put_quantity(char *d, const struct value *v)
{
	const struct field *f = v->field;
	uint64_t unit_ns = meaning_traits(f->meaning)->unit_ns, unit = unit_ns ? unit_ns : 1;
	uint64_t amount;
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
	return d + (unit_ns ? human_duration(d, amount, unit) : human_bytes(d, amount));
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
	if (meaning_traits(v->field->meaning)->clock != CLOCK_REALTIME && !clock)
		return put_kind(d, v);
	ns = time_to_unix(clock, v->field->meaning, ns);
	if (v->style == STYLE_TABLE)
		return d + human_clock(d, ns);
	return put_word(d, v, word, format_rfc3339(ns, word));
}

/* Numbers with fixed names. JSON has a string in any case, so that a column has one type. */
static char *put_named(char *d, const struct value *v)
{
	const struct meaning_traits *traits = meaning_traits(v->field->meaning);
	const struct field *f = v->field;
	const char *name;
	char word[WORD_MAX];
	int64_t number;

	if (!raw_is_number(f))
		return put_kind(d, v);
	number = raw_int(f, v->at);
	if ((traits->flags & MEANS_EITHER_SIGN) && f->size_bits >= 16)
		number = raw_extend((uint64_t)number, f->size_bits);
	if (number == 0 && v->style == STYLE_TABLE && (traits->flags & MEANS_ZERO_IS_NONE))
		return d;
	name = name_of((enum meaning)f->meaning, number);
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
	return resolve(v->resolver, v->field->meaning, resolve_id(v->field, id, v->base));
}

/* Ids that stay numbers for programs, and get a name for people. */
static char *put_id(char *d, const struct value *v)
{
	const char *name;

	if (!shows_name(v))
		return put_kind(d, v);
	name = resolved(v, (uint64_t)raw_int(v->field, v->at));
	if (name)
		return put_quoted(d, v, name, strlen(name));
	return v->style == STYLE_NAME ? put_bare(d, "null") : put_kind(d, v);
}

static bool is_id(const struct value *v)
{
	return raw_is_number(v->field) || v->field->kind == KIND_PTR;
}

/* Ids that say nothing without their name. Strings in JSON, found or not: then it is `other`. */
static char *put_found(char *d, const struct value *v, uint64_t id, const char *other, size_t len)
{
	const char *name = resolved(v, id);

	return name ? put_quoted(d, v, name, strlen(name)) : put_word(d, v, other, len);
}

static char *put_resolved(char *d, const struct value *v)
{
	char word[WORD_MAX];
	int64_t id;

	if (!is_id(v))
		return put_kind(d, v);
	id = raw_int(v->field, v->at);
	return put_found(d, v, (uint64_t)id, word, num_i64(word, id));
}

/* Why the kernel had no stack. */
static const char *why_no_stack(bool user, int code)
{
	if (code == -EFAULT)
		return user ? "[no user stack]" : "[not in the kernel]";
	if (code == -EEXIST)
		return "[lost: another stack has its place in the map]";
	if (code == -ENOMEM)
		return "[lost: the map of stacks is full]";
	return name_of(MEAN_ERRNO, code);
}

/* A column that is cut shows the innermost frames. */
static char *put_leaf_first(char *d, const struct value *v, uint64_t id)
{
	char text[FRAMES_ROOM(RESOLVE_STACK_MAX)], word[WORD_MAX];
	const char *name = resolved(v, id);

	if (!name)
		return put_word(d, v, word, num_i64(word, (int64_t)id));
	return put_quoted(d, v, text,
			  MIN(frames_reverse(text, name, strlen(name)), (size_t)RESOLVE_STACK_MAX));
}

/* An id below zero is the error of the helper that was to give one; it is 32 bits wide, whatever
 * the program keeps it in. */
static char *put_stack(char *d, const struct value *v)
{
	int64_t id = is_id(v) ? raw_int(v->field, v->at) : 0;
	const char *error = NULL;

	if (id < 0 || (id > INT32_MAX && id <= UINT32_MAX))
		error = why_no_stack(v->field->meaning == MEAN_USTACK, (int32_t)id);
	if (error)
		return put_word(d, v, error, strlen(error));
	return v->style == STYLE_TABLE && is_id(v) ? put_leaf_first(d, v, (uint64_t)id)
						   : put_resolved(d, v);
}

static char *put_symbol(char *d, const struct value *v)
{
	char word[WORD_MAX];
	uint64_t addr;

	if (!is_id(v))
		return put_kind(d, v);
	addr = (uint64_t)raw_int(v->field, v->at);
	return put_found(d, v, addr, word, format_hex(word, addr));
}

static char *put_device(char *d, const struct value *v)
{
	char word[WORD_MAX];
	uint64_t dev;
	size_t len;

	if (!is_id(v))
		return put_kind(d, v);
	dev = (uint64_t)raw_int(v->field, v->at);
	len = num_u64(word, dev >> DEV_MINOR_BITS);
	word[len++] = ':';
	len += num_u64(word + len, dev & ((1u << DEV_MINOR_BITS) - 1));
	return put_found(d, v, dev, word, len);
}

/* Empty outside containers; "?": the group ended before it was seen. */
static char *put_part(char *d, const struct value *v)
{
	const char *name = is_id(v) ? resolved(v, (uint64_t)raw_int(v->field, v->at)) : NULL;

	if (v->style == STYLE_JSON && (!name || !*name))
		return put_bare(d, "null");
	return name ? put_quoted(d, v, name, strlen(name)) : put_word(d, v, "?", 1);
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

static char *put_hex(char *d, const struct value *v)
{
	return raw_is_number(v->field) ? put_hex_number(d, v, raw_u64(v->field, v->at))
				       : put_kind(d, v);
}

/* What is to be left out and is shown all the same reads as nothing. */
static char *put_decoded(char *d, const struct value *v)
{
	char text[DECODE_MAX];
	int len =
		decoding_run(v->field->decoders, v->at, v->field->size_bits / 8, v->resolver, text);

	return put_quoted(d, v, text, (size_t)MAX(len, 0));
}

#define MEANING(id, param, text, ...) [MEAN_##id] = put_##text,
static char *(*const puts_by_meaning[MEAN_COUNT])(char *d, const struct value *v) = {
#include "runner/load/plan/meaning_rows.h"
};

static inline char *put_one(char *d, const struct value *v)
{
	if (unlikely(v->field->decoders))
		return put_decoded(d, v);
	return puts_by_meaning[v->field->meaning](d, v);
}

size_t field_text(char *dst, const struct field *field, const void *base, enum style style,
		  struct resolver *resolver)
{
	struct value v = { field, raw_element(field, base, 0), style, resolver, base };
	bool is_json = style == STYLE_JSON || style == STYLE_NAME;
	char *d = dst;

	if (likely(field->count == 1))
		return (size_t)(put_one(dst, &v) - dst);
	if (is_json)
		*d++ = '[';
	for (uint32_t i = 0; i < field->count; i++) {
		if (i)
			*d++ = ',';
		v.at = raw_element(field, base, i);
		d = put_one(d, &v);
	}
	if (is_json)
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

	if (field->decoders)
		return UTF8_JSON_ROOM(DECODE_MAX) + 2;
	if (meaning_traits(field->meaning)->recorded && field->count <= RESOLVE_LIST_MAX)
		one = MAX(one, (size_t)UTF8_JSON_ROOM(resolve_max(field->meaning)) + 2);
	if (field->meaning == MEAN_FLAGS || field->meaning == MEAN_OPEN_FLAGS)
		one = MAX(one, (size_t)UTF8_JSON_ROOM(FLAGS_MAX + WORD_MAX) + 2);
	if (field->meaning == MEAN_DNS)
		one = MAX(one,
			  (size_t)UTF8_JSON_ROOM(MIN((size_t)DNS_MAX, field->size_bits / 8ul)) + 2);
	return field->count == 1 ? one : (one + 1) * field->count + 2;
}
