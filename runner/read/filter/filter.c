// SPDX-License-Identifier: Apache-2.0
#include "runner/read/filter/filter.h"

#include <errno.h>
#include <pcre2.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/read/text/decode.h"
#include "runner/read/filter/filter_impl.h"
#include "runner/read/raw.h"

/* A pattern that needs more counts as not matching: a filter must not stall the reader. */
#define MATCH_LIMIT 100000
#define HEAP_LIMIT_KIB 256
#define TEXT_MAX_BYTES 65536 /* of a field's plain text that a pattern may look at */

struct regex {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	struct regex *next;
};

static void regex_free(struct regex *regex)
{
	pcre2_match_context_free(regex->limits);
	pcre2_match_data_free(regex->match);
	pcre2_code_free(regex->code);
	free(regex);
}

static bool regex_matches(const struct regex *regex, const char *text, size_t len)
{
	return pcre2_match(regex->code, (PCRE2_SPTR)text, len, 0, 0, regex->match, regex->limits) >=
	       0;
}

int need_scratch(struct parser *p, const struct field *field, size_t at)
{
	struct field one = *field;
	size_t room;

	one.count = 1;
	room = field_text_max(&one);
	if (room > TEXT_MAX_BYTES)
		return parse_fail(p, at, "'%s' is too large to be matched as text", field->path);
	if (room > p->filter->scratch_bytes) {
		p->filter->scratch = xreallocarray(p->filter->scratch, room, 1);
		p->filter->scratch_bytes = room;
	}
	return 0;
}

int regex_node(struct parser *p, const struct field *field, enum part part, const char *pattern,
	       size_t at, struct node **ret)
{
	struct regex *regex;
	PCRE2_SIZE where = 0;
	int code, err = 0;

	if (field->kind != KIND_TEXT || field->meaning == MEAN_DNS)
		err = need_scratch(p, field, at);
	if (err)
		return err;
	regex = xcalloc(1, sizeof(*regex));
	regex->next = p->filter->regexes;
	p->filter->regexes = regex;
	/* Bytes, not characters: what the kernel side wrote need not be UTF-8. */
	regex->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
				    PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF, &code, &where, NULL);
	if (!regex->code) {
		char why[256];

		pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
		at = MIN(at + where, strlen(p->text));
		return parse_fail(p, at, "regular expression: %s", why);
	}
	/* Where the system allows no generated code the interpreter does it. */
	pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
	regex->match = pcre2_match_data_create(1, NULL);
	regex->limits = pcre2_match_context_create(NULL);
	if (!regex->match || !regex->limits)
		return err_set(p->err, ENOMEM, "no memory for a regular expression");
	pcre2_set_match_limit(regex->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(regex->limits, HEAP_LIMIT_KIB);
	*ret = node_new(p, NODE_TEST);
	(*ret)->test = (struct test){
		.field = field, .part = (uint8_t)part, .how = HOW_REGEX, .regex = regex
	};
	return 0;
}

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
	return field_text(filter->scratch, &one, base, STYLE_PLAIN, NULL);
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
		return is_true(t->field, at);
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

		while (filter->regexes) {
			struct regex *regex = filter->regexes;

			filter->regexes = regex->next;
			regex_free(regex);
		}
		free(filter->scratch);
		arena_release(&filter->arena);
		free(filter);
		filter = next;
	}
}
