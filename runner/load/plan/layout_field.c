// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/load/plan/layout.h"
#include "runner/load/plan/meanings.h"

const struct field *layout_find(const struct layout *layout, const char *name)
{
	const struct field *only = NULL;
	uint32_t same = 0;

	for (uint32_t i = 0; i < layout->nfields; i++)
		if (streq(layout->fields[i].path, name))
			return &layout->fields[i];
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (streq(layout->fields[i].label, name))
			return &layout->fields[i];
	for (uint32_t i = 0; i < layout->nfields; i++) {
		if (streq(layout->fields[i].name, name)) {
			only = &layout->fields[i];
			same++;
		}
	}
	return same == 1 ? only : NULL;
}

bool field_is_time(const struct field *field)
{
	return meaning_traits(field->meaning)->is_time;
}

const struct field *layout_time(const struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (field_is_time(&layout->fields[i]) && layout->fields[i].count == 1)
			return &layout->fields[i];
	return NULL;
}

bool field_is_numeric(const struct field *field)
{
	if (field->count != 1 || field->size_bits > 64)
		return false;
	if (field->kind != KIND_UINT && field->kind != KIND_INT && field->kind != KIND_BOOL &&
	    field->kind != KIND_FLOAT)
		return false;
	return meaning_traits(field->meaning)->flags & MEANS_AMOUNT;
}
