// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/load/plan/layout.h"

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
	return field->meaning == MEAN_KTIME_NS || field->meaning == MEAN_BOOTTIME_NS ||
	       field->meaning == MEAN_UNIX_NS;
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
	return field->meaning == MEAN_NONE || field->meaning == MEAN_SIZE_BYTES ||
	       field->meaning == MEAN_DURATION_NS || field->meaning == MEAN_DURATION_US ||
	       field->meaning == MEAN_DURATION_MS || field->meaning == MEAN_DURATION_S;
}
