// SPDX-License-Identifier: Apache-2.0
/* Attributes of spans: the types of decode.h's JSON, but that 64 bits have a sign. */
#include "base/num.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/text/decode.h"
#include "runner/read/span/span_internal.h"

static enum attr_type type_of(const struct field *f)
{
	/* Integers of other meanings become text: an address, a name. */
	if (f->decoders || !(meaning_traits(f->meaning)->flags & MEANS_NUMBER))
		return ATTR_TEXT;
	switch (f->kind) {
	case KIND_BOOL:
		return ATTR_BOOL;
	case KIND_FLOAT:
		return ATTR_DOUBLE;
	case KIND_UINT:
	case KIND_INT:
		return f->size_bits <= 64 ? ATTR_INT : ATTR_TEXT;
	default:
		return ATTR_TEXT;
	}
}

static struct field one_of(const struct field *list, uint32_t i)
{
	struct field one = *list;

	one.off_bits += i * list->size_bits;
	one.count = 1;
	return one;
}

void span_attr_init(struct span_attr *ret, const struct field *field, const char *name)
{
	*ret = (struct span_attr){
		.name = meaning_traits(field->meaning)->attribute ?: name,
		.field = field,
		.type = type_of(field),
		.is_array = field->count > 1,
	};
}

uint32_t span_attr_text_max(const struct span_attr *attr)
{
	struct field one = one_of(attr->field, 0);

	return attr->type == ATTR_TEXT ? (uint32_t)field_text_max(&one) : NUM_U64_ROOM;
}

struct span_text span_text_of(const struct field *field, const void *value, char *room,
			      struct resolver *resolver)
{
	const char *at = (const char *)value + field->off_bits / 8;

	if (span_text_is_plain(field))
		return (struct span_text){ at, strnlen(at, field->size_bits / 8) };
	return (struct span_text){ room, field_text(room, field, value, STYLE_PLAIN, resolver) };
}

/* The program filled nothing in; null in JSON. */
static bool can_be_missing(const struct field *f)
{
	return f->meaning == MEAN_IP || field_is_time(f) || f->id_of;
}

static bool read_int(const struct field *f, const void *base, uint32_t i, char *room,
		     struct attr_value *ret)
{
	uint64_t v = field_u64(f, base, i);

	ret->type = ATTR_INT;
	ret->i = (int64_t)v;
	if (unlikely(f->kind == KIND_UINT && v > INT64_MAX)) {
		ret->type = ATTR_TEXT;
		ret->text.ptr = room;
		ret->text.len = num_u64(room, v);
	}
	return true;
}

bool attr_read(const struct span_attr *attr, const void *base, uint32_t i, char *room,
	       struct resolver *resolver, struct attr_value *ret)
{
	struct span_text text;
	struct field one;

	ret->type = attr->type;
	switch ((enum attr_type)attr->type) {
	case ATTR_INT:
		return read_int(attr->field, base, i, room, ret);
	case ATTR_DOUBLE:
		ret->d = field_double(attr->field, base, i);
		return true;
	case ATTR_BOOL:
		ret->b = field_u64(attr->field, base, i) != 0;
		return true;
	case ATTR_TEXT:
		break;
	}
	if (attr->is_array) {
		one = one_of(attr->field, i);
		text = span_text_of(&one, base, room, resolver);
	} else {
		text = span_text_of(attr->field, base, room, resolver);
	}
	ret->text.ptr = text.ptr;
	ret->text.len = text.len;
	return text.len || !can_be_missing(attr->field);
}

size_t attr_text_cut(const char *text, size_t len, uint64_t max_chars)
{
	size_t at = 0, bytes;
	uint32_t c;

	if (len <= max_chars)
		return len;
	while (at < len && max_chars--) {
		bytes = utf8_decode(text + at, len - at, &c);
		at += bytes ? bytes : 1;
	}
	return at;
}
