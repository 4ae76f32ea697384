// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include "runner/load/plan/meanings.h"
#include "runner/read/text/decode.h"
#include "runner/sink/otlp/otlp_attrs.h"

static void put_value(const struct otlp_attrs *attrs, const struct attr_value *value)
{
	struct otlp_writer *w = attrs->w;

	switch ((enum attr_type)value->type) {
	case ATTR_TEXT:
		otlp_string(w, OTLP_ANY_STRING, value->text.ptr,
			    attr_text_cut(value->text.ptr, value->text.len, attrs->value_chars));
		break;
	case ATTR_INT:
		otlp_int64(w, OTLP_ANY_INT, value->i);
		break;
	case ATTR_DOUBLE:
		otlp_double(w, OTLP_ANY_DOUBLE, value->d);
		break;
	case ATTR_BOOL:
		otlp_bool(w, OTLP_ANY_BOOL, value->b);
		break;
	}
}

/* A missing element of a list is an AnyValue without a value: null. */
static void put_list(const struct otlp_attrs *attrs, const struct span_attr *attr, const void *base)
{
	struct otlp_writer *w = attrs->w;
	size_t array = otlp_message(w, OTLP_ANY_ARRAY), item;
	struct attr_value value;

	otlp_list(w, OTLP_VALUES);
	for (uint32_t i = 0; i < attr->field->count; i++) {
		item = otlp_item(w, OTLP_VALUES);
		if (attr_read(attr, base, i, attrs->room, attrs->resolver, &value))
			put_value(attrs, &value);
		otlp_end(w, item);
	}
	otlp_list_end(w);
	otlp_end(w, array);
}

/* No error, no signal: "0" would say that there was one of that name. */
static bool is_none(const struct span_attr *attr, const void *base)
{
	const struct field *field = attr->field;

	return (meaning_traits(field->meaning)->flags & MEANS_ZERO_IS_NONE) &&
	       field->kind != KIND_TEXT && !attr->is_array && !field_u64(field, base, 0);
}

void otlp_attrs_put(struct otlp_attrs *attrs, uint32_t number, const struct span_attr *attr,
		    const void *base)
{
	struct attr_value value;
	struct otlp_attr open;

	if (!attrs->all && is_none(attr, base))
		return;
	if (!attr->is_array && !attr_read(attr, base, 0, attrs->room, attrs->resolver, &value))
		return;
	if (!attrs->left) {
		attrs->over++;
		return;
	}
	attrs->left--;
	open = otlp_attr(attrs->w, number, attr->name, strlen(attr->name));
	if (attr->is_array)
		put_list(attrs, attr, base);
	else
		put_value(attrs, &value);
	otlp_attr_end(attrs->w, open);
}
