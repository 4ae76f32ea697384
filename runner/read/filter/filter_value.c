// SPDX-License-Identifier: Apache-2.0
/*
 * The field decides what a value means: the same `5` is a number for one field, text for another,
 * and an error for an address. That happens here, once, so that matching only compares bytes or
 * numbers.
 */
#include <ctype.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/read/text/decode.h"
#include "runner/read/filter/filter.h"
#include "runner/read/filter/filter_impl.h"
#include "runner/read/raw.h"

enum field_class {
	CLASS_INT,
	CLASS_FLOAT,
	CLASS_BOOL,
	CLASS_CHAR,
	CLASS_ADDR,
	CLASS_MAC,
	CLASS_TEXT,
	CLASS_MADE, /* text that is made of the bytes: of a DNS name, of a container */
	CLASS_BYTES
};

struct context {
	struct parser *p;
	const struct field *field;
	enum part part;
	enum word_op op;
	const struct word *word;
};

static enum field_class class_of(const struct field *f)
{
	bool bytes = !f->is_bits;

	if (f->id_of)
		return CLASS_MADE;
	if ((f->meaning == MEAN_IPV4 && bytes && f->size_bits == 32) ||
	    (f->meaning == MEAN_IPV6 && bytes && f->size_bits == 128) ||
	    (f->meaning == MEAN_IP && bytes && f->family_bytes))
		return CLASS_ADDR;
	if (f->meaning == MEAN_MAC && bytes && f->size_bits == 48)
		return CLASS_MAC;
	switch (f->kind) {
	case KIND_TEXT:
		return f->meaning == MEAN_DNS ? CLASS_MADE : CLASS_TEXT;
	case KIND_BYTES:
		return f->meaning == MEAN_DNS ? CLASS_MADE
		       : raw_is_swapped(f)    ? CLASS_INT
					      : CLASS_BYTES;
	case KIND_FLOAT:
		return CLASS_FLOAT;
	case KIND_BOOL:
		return CLASS_BOOL;
	default:
		return f->meaning == MEAN_CHAR && f->size_bits == 8 ? CLASS_CHAR : CLASS_INT;
	}
}

static struct node *test_node(const struct context *c, enum test_how how, enum test_cmp cmp)
{
	struct node *node = node_new(c->p, NODE_TEST);

	node->test.field = c->field;
	node->test.part = (uint8_t)c->part;
	node->test.how = (uint8_t)how;
	node->test.cmp = (uint8_t)cmp;
	return node;
}

struct node *truth_node(struct parser *p, const struct field *field, enum part part)
{
	struct context c = { .p = p, .field = field, .part = part };

	if (field->id_of)
		need_scratch(p, field, 0);
	return test_node(&c, HOW_TRUE, CMP_EQ);
}

static struct node *bytes_node(const struct context *c, enum test_how how, const void *bytes,
			       size_t len)
{
	struct node *node = test_node(c, how, CMP_EQ);
	uint8_t *copy = arena_alloc(&c->p->filter->arena, len + 1, 1);

	memcpy(copy, bytes, len);
	node->test.bytes = copy;
	node->test.len = (uint32_t)len;
	return node;
}

static bool is_equality(enum word_op op)
{
	return op == OP_EQ || op == OP_IN;
}

static int fail_order(const struct context *c, const char *what)
{
	err_hint(c->p->err, "for %s there are ==, !=, in and ~", what);
	return parse_fail(c->p, c->word->at, "'%s' is %s, which has no order", c->field->path,
			  what);
}

/* The field's range; of 128-bit fields no constant is out of range but negative ones. */
static void range_of(const struct field *f, __int128 *ret_min, __int128 *ret_max)
{
	bool is_signed = f->kind == KIND_INT || (f->kind == KIND_ENUM && f->is_signed);
	uint32_t bits = raw_is_swapped(f) ? field_net_bits(f) : f->size_bits;

	if (bits > 126)
		bits = is_signed ? 127 : 126;
	*ret_min = is_signed ? -((__int128)1 << (bits - 1)) : 0;
	*ret_max = ((__int128)1 << (is_signed ? bits - 1 : bits)) - 1;
}

static int fail_range(const struct context *c, __int128 min, __int128 max)
{
	return parse_fail(c->p, c->word->at, "%s is out of range: '%s' holds %lld to %llu",
			  c->word->text, c->field->path, (long long)min, (unsigned long long)max);
}

static struct node *const_node(struct parser *p, bool value)
{
	struct node *node = node_new(p, NODE_CONST);

	node->value = value;
	return node;
}

static struct node *compare_node(const struct context *c, enum test_cmp cmp, __int128 v)
{
	const struct field *f = c->field;
	bool is_signed = f->kind == KIND_INT || (f->kind == KIND_ENUM && f->is_signed);
	struct node *node;

	if (f->size_bits == 128 && (f->kind == KIND_UINT || f->kind == KIND_INT)) {
		node = bytes_node(c, HOW_WIDE, &v, sizeof(v));
		node->test.cmp = (uint8_t)cmp;
		return node;
	}
	node = test_node(c, is_signed ? HOW_INT : HOW_UINT, cmp);
	if (is_signed)
		node->test.i = (int64_t)v;
	else
		node->test.u = (uint64_t)v;
	return node;
}

static enum test_cmp cmp_of(enum word_op op)
{
	static const uint8_t cmps[] = { [OP_EQ] = CMP_EQ, [OP_IN] = CMP_EQ, [OP_LT] = CMP_LT,
					[OP_LE] = CMP_LE, [OP_GT] = CMP_GT, [OP_GE] = CMP_GE };

	return (enum test_cmp)cmps[op];
}

/*
 * Equality with what the field can never hold is a mistake and said to be one. An order has an
 * answer then, the same for every record.
 */
static int int_node(const struct context *c, const struct number *n, struct node **ret)
{
	enum test_cmp cmp = cmp_of(c->op);
	__int128 min, max;

	range_of(c->field, &min, &max);
	if (cmp == CMP_EQ && n->rest)
		return parse_fail(c->p, c->word->at, "'%s' holds whole numbers%s only",
				  c->field->path, field_unit_ns(c->field) ? " of its unit" : "");
	if (cmp == CMP_EQ && (n->whole < min || n->whole > max))
		return fail_range(c, min, max);
	if (n->rest)
		cmp = cmp == CMP_LT || cmp == CMP_LE ? CMP_LE : CMP_GT;
	if (n->whole > max)
		*ret = const_node(c->p, cmp == CMP_LT || cmp == CMP_LE);
	else if (n->whole < min)
		*ret = const_node(c->p, cmp == CMP_GT || cmp == CMP_GE);
	else
		*ret = compare_node(c, cmp, n->whole);
	return 0;
}

/* An error may stand as 111 or -111, the latter also in an unsigned field. */
static int errno_node(const struct context *c, int64_t code, struct node **ret)
{
	__int128 min, max, negative = -(__int128)code;
	struct node *any = node_new(c->p, NODE_OR);

	if (!is_equality(c->op))
		return fail_order(c, "an error by name");
	range_of(c->field, &min, &max);
	if (min == 0)
		negative += max + 1;
	if (code <= max)
		node_add(any, compare_node(c, CMP_EQ, code));
	if (negative >= min && negative <= max && c->field->size_bits >= 16)
		node_add(any, compare_node(c, CMP_EQ, negative));
	if (!any->last)
		return fail_range(c, min, max);
	*ret = any;
	return 0;
}

static int number_node(const struct context *c, struct node **ret)
{
	const struct word *w = c->word;
	struct number n = { 0 };
	int64_t named;
	int err;

	/* Digits are no name, but "8:1" is a device. */
	if (word_is_number(w) && (c->field->meaning != MEAN_DEV || !strchr(w->text, ':'))) {
		err = word_number(c->p, c->field, w, &n);
		return err ? err : int_node(c, &n, ret);
	}
	if (!word_name(c->field, w->text, &named))
		return fail_name(c->p, c->field, w);
	if (c->field->meaning == MEAN_ERRNO)
		return errno_node(c, named, ret);
	n.whole = named;
	if (c->field->kind == KIND_ENUM && !c->field->is_signed)
		n.whole = (uint64_t)named;
	return int_node(c, &n, ret);
}

static int float_node(const struct context *c, struct node **ret)
{
	struct number n;
	int err;

	if (!word_is_number(c->word))
		return fail_name(c->p, c->field, c->word);
	err = word_number(c->p, c->field, c->word, &n);
	if (err)
		return err;
	*ret = test_node(c, HOW_DOUBLE, cmp_of(c->op));
	/* 0.1 is meant to equal a float's 0.1. */
	(*ret)->test.d = c->field->size_bits == 32 ? (double)(float)n.exact : n.exact;
	return 0;
}

static int bool_node(const struct context *c, struct node **ret)
{
	bool value;

	if (!is_equality(c->op))
		return fail_order(c, "true or false");
	if (parse_bool(c->word->text, &value) < 0)
		return parse_fail(c->p, c->word->at, "'%s' is neither true nor false",
				  c->word->text);
	*ret = test_node(c, HOW_UINT, CMP_EQ);
	(*ret)->test.u = value;
	return 0;
}

/* A quoted character, or a word of one that is no digit, stands for its number. */
static int char_node(const struct context *c, struct node **ret)
{
	const struct word *w = c->word;
	struct number n = { .whole = c->field->kind == KIND_INT ? (signed char)w->text[0]
								: (unsigned char)w->text[0] };

	if (w->len <= 1 && (w->quoted || !word_is_number(w)))
		return int_node(c, &n, ret);
	return number_node(c, ret);
}

static int addr_node(const struct context *c, struct node **ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint8_t addr[16], full[16];
	unsigned len, bits;
	struct node *node;

	if (!is_equality(c->op))
		return fail_order(c, "an address");
	if (parse_ip(c->word->text, addr, &len, &bits) < 0)
		return parse_fail(c->p, c->word->at,
				  "'%s' is no address such as 10.0.0.1 or 2001:db8::/32",
				  c->word->text);
	memcpy(full, addr, sizeof(full));
	if (len == 4) {
		memcpy(full, mapped, sizeof(mapped));
		memcpy(full + 12, addr, 4);
		bits += 96;
	}
	node = bytes_node(c, HOW_PREFIX, full, sizeof(full));
	node->test.bits = (uint8_t)bits;
	node->test.len = bits >= 96 && memcmp(full, mapped, sizeof(mapped)) == 0;
	if (c->field->meaning == MEAN_IPV4 && !node->test.len)
		return parse_fail(c->p, c->word->at, "'%s' holds IPv4 addresses only",
				  c->field->path);
	*ret = node;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits; separated: ':' or '-' may stand between them. */
static bool unhex(const char *text, bool separated, uint8_t *dst, size_t len)
{
	for (size_t i = 0; i < len; i++, text += 2) {
		int high, low;

		if (separated && i && (*text == ':' || *text == '-'))
			text++;
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return false;
		dst[i] = (uint8_t)(high << 4 | low);
	}
	return *text == '\0';
}

static int bytes_or_mac_node(const struct context *c, bool mac, struct node **ret)
{
	const char *text = c->word->text;
	size_t len = c->field->size_bits / 8;
	uint8_t bytes[FILTER_MAX_BYTES / 2];

	if (!is_equality(c->op))
		return fail_order(c, mac ? "an address" : "a run of bytes");
	if (!mac && has_prefix(text, "0x"))
		text += 2;
	if (len > sizeof(bytes) || !unhex(text, mac, bytes, len))
		return mac ? parse_fail(c->p, c->word->at,
					"'%s' is no MAC address such as 02:00:00:00:00:01",
					c->word->text)
			   : parse_fail(c->p, c->word->at,
					"'%s' is not the %zu hexadecimal digits of '%s'",
					c->word->text, 2 * len, c->field->path);
	*ret = bytes_node(c, HOW_BYTES, bytes, len);
	return 0;
}

static int text_node(const struct context *c, struct node **ret)
{
	size_t room = c->field->size_bits / 8;

	if (!is_equality(c->op))
		return fail_order(c, "text");
	if (c->word->len > room) {
		err_hint(c->p->err,
			 "the end is cut off where it was written; try ~ \"^beginning\"");
		return parse_fail(c->p, c->word->at,
				  "'%s' has room for %zu bytes only, this is %zu", c->field->path,
				  room, c->word->len);
	}
	*ret = bytes_node(c, HOW_TEXT, c->word->text, c->word->len);
	return 0;
}

static int made_node(const struct context *c, struct node **ret)
{
	int err;

	if (!is_equality(c->op))
		return fail_order(c, "text");
	err = need_scratch(c->p, c->field, c->word->at);
	if (!err)
		*ret = bytes_node(c, HOW_PLAIN, c->word->text, c->word->len);
	return err;
}

int value_node(struct parser *p, const struct field *field, enum part part, enum word_op op,
	       const struct word *word, struct node **ret)
{
	struct context c = { p, field, part, op, word };

	switch (class_of(field)) {
	case CLASS_INT:
		return number_node(&c, ret);
	case CLASS_FLOAT:
		return float_node(&c, ret);
	case CLASS_BOOL:
		return bool_node(&c, ret);
	case CLASS_CHAR:
		return char_node(&c, ret);
	case CLASS_ADDR:
		return addr_node(&c, ret);
	case CLASS_MAC:
		return bytes_or_mac_node(&c, true, ret);
	case CLASS_BYTES:
		return bytes_or_mac_node(&c, false, ret);
	case CLASS_MADE:
		return made_node(&c, ret);
	default:
		return text_node(&c, ret);
	}
}
