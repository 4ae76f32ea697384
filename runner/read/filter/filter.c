// SPDX-License-Identifier: Apache-2.0
#include "runner/read/filter/filter.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/read/text/decode.h"
#include "runner/read/filter/filter_impl.h"
#include "runner/read/raw.h"

#define COMPARE(cmp, a, b)                                                                         \
	({                                                                                         \
		bool _yes;                                                                         \
		switch (cmp) {                                                                     \
		case CMP_EQ:                                                                       \
			_yes = (a) == (b);                                                         \
			break;                                                                     \
		case CMP_LT:                                                                       \
			_yes = (a) < (b);                                                          \
			break;                                                                     \
		case CMP_LE:                                                                       \
			_yes = (a) <= (b);                                                         \
			break;                                                                     \
		case CMP_GT:                                                                       \
			_yes = (a) > (b);                                                          \
			break;                                                                     \
		default:                                                                           \
			_yes = (a) >= (b);                                                         \
		}                                                                                  \
		_yes;                                                                              \
	})

static bool all_zero(const uint8_t *at, size_t len)
{
	return len == 0 || (at[0] == 0 && memcmp(at, at + 1, len - 1) == 0);
}

static bool is_true(const struct field *f, const uint8_t *at)
{
	switch (f->kind) {
	case KIND_TEXT:
		return f->size_bits >= 8 && at[0] != '\0';
	case KIND_FLOAT:
		return raw_double(f, at) != 0;
	case KIND_BYTES:
		/* Padding may follow the family of an ip_addr. */
		return !all_zero(at, f->meaning == MEAN_IP ? MIN(f->size_bits / 8, 16u)
							   : f->size_bits / 8);
	default:
		return f->is_bits ? raw_u64(f, at) != 0 : !all_zero(at, f->size_bits / 8);
	}
}

/*
 * Constants for addresses have 16 bytes. IPv4 ones are kept as ::ffff:a.b.c.d with their prefix
 * lengthened, which is also how an IPv6 field holds them; 4-byte fields are compared behind that.
 */
static bool prefix_matches(const struct test *t, const uint8_t *at)
{
	const uint8_t *want = t->bytes;
	unsigned bits = t->bits;
	bool is_ipv4 = t->field->meaning == MEAN_IPV4;

	if (t->field->meaning == MEAN_IP) {
		int family = field_ip_family(t->field, at);

		if (family <= AF_UNSPEC)
			return false;
		is_ipv4 = family == AF_INET;
		at += t->field->addr_at;
	}
	if (is_ipv4) {
		if (!t->len)
			return false;
		want += 12;
		bits -= 96;
	}
	return memcmp(at, want, bits / 8) == 0 &&
	       (bits % 8 == 0 || ((at[bits / 8] ^ want[bits / 8]) >> (8 - bits % 8)) == 0);
}

static bool wide_matches(const struct test *t, const uint8_t *at)
{
	unsigned __int128 raw = raw_u128(at);
	__int128 want;

	memcpy(&want, t->bytes, sizeof(want));
	if (t->field->kind == KIND_INT)
		return COMPARE(t->cmp, (__int128)raw, want);
	return COMPARE(t->cmp, raw, (unsigned __int128)want);
}

/* One element's plain text; list elements have to look like fields of their own. */
static size_t plain_text(const struct filter *filter, const struct test *t, const void *base,
			 uint32_t i)
{
	struct field one = *t->field;

	one.off_bits += i * one.size_bits;
	one.count = 1;
	return field_text(filter->scratch, &one, base, STYLE_PLAIN,
			  one.id_of ? filter->names : NULL);
}

static bool text_matches(const struct filter *filter, const struct test *t, const void *base,
			 uint32_t i)
{
	const struct field *f = t->field;
	const char *text = filter->scratch;
	size_t len;

	if (f->kind == KIND_TEXT && f->meaning != MEAN_DNS) {
		text = (const char *)raw_element(f, base, i);
		len = strnlen(text, f->size_bits / 8);
	} else {
		len = plain_text(filter, t, base, i);
	}
	if (t->how == HOW_REGEX)
		return regex_matches(t->regex, text, len);
	return len == t->len && memcmp(text, t->bytes, len) == 0;
}

/* The part is known and not empty. */
static bool has_part(const struct filter *filter, const struct test *t, const void *base)
{
	size_t len = plain_text(filter, t, base, 0);

	return len && !(len == 1 && filter->scratch[0] == '?');
}

static inline bool element_matches(const struct filter *filter, const struct test *t,
				   const void *base, uint32_t i)
{
	const uint8_t *at = raw_element(t->field, base, i);

	switch ((enum test_how)t->how) {
	case HOW_UINT:
		return COMPARE(t->cmp, (uint64_t)raw_int(t->field, at), t->u);
	case HOW_INT:
		return COMPARE(t->cmp, raw_int(t->field, at), t->i);
	case HOW_DOUBLE:
		return COMPARE(t->cmp, raw_double(t->field, at), t->d);
	case HOW_WIDE:
		return wide_matches(t, at);
	case HOW_PREFIX:
		return prefix_matches(t, at);
	case HOW_BYTES:
		return memcmp(at, t->bytes, t->len) == 0;
	case HOW_TRUE:
		return unlikely(t->field->id_of) ? has_part(filter, t, base)
						 : is_true(t->field, at);
	case HOW_TEXT:
	case HOW_PLAIN:
	case HOW_REGEX:
		break;
	}
	return text_matches(filter, t, base, i);
}

static inline bool test_passes(const struct filter *filter, const struct test *t,
			       const struct record *record)
{
	const void *base = record->part[t->part];

	for (uint32_t i = 0; base && i < t->field->count; i++)
		if (element_matches(filter, t, base, i))
			return true;
	return false;
}

bool filter_match(struct filter *filter, const struct record *record)
{
	for (; filter; filter = filter->next) {
		uint32_t at = filter->first;

		while (at < GOTO_REJECT) {
			const struct test *t = &filter->tests[at];

			at = test_passes(filter, t, record) ? t->on_true : t->on_false;
		}
		if (at == GOTO_REJECT)
			return false;
	}
	return true;
}

void filter_use_names(struct filter *filter, struct resolver *names)
{
	for (; filter; filter = filter->next)
		filter->names = names;
}

struct filter *filter_and(struct filter *a, struct filter *b)
{
	struct filter *last = a;

	if (!a)
		return b;
	while (last->next)
		last = last->next;
	last->next = b;
	return a;
}

void filter_free(struct filter *filter)
{
	while (filter) {
		struct filter *next = filter->next;

		regex_free_all(filter);
		free(filter->scratch);
		arena_release(&filter->arena);
		free(filter);
		filter = next;
	}
}
