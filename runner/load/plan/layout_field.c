// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/load/plan/layout.h"
#include "runner/load/plan/meanings.h"
#include "runner/load/plan/tags.h"

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
	if (field->count != 1 || field->size_bits > 64 || field->decoders)
		return false;
	if (field->kind != KIND_UINT && field->kind != KIND_INT && field->kind != KIND_BOOL &&
	    field->kind != KIND_FLOAT)
		return false;
	return meaning_traits(field->meaning)->flags & MEANS_AMOUNT;
}

static bool is_number(const struct field *field)
{
	return field->kind != KIND_TEXT && field->kind != KIND_BYTES;
}

static void set_meaning(struct field *field, enum meaning meaning)
{
	const struct meaning_traits *traits = meaning_traits(meaning);

	/* Names of an enum go with its numbers alone. */
	if (field->kind == KIND_ENUM || field->kind == KIND_PTR)
		field->kind = field->is_signed ? KIND_INT : KIND_UINT;
	if (traits->net_bytes)
		field->kind = KIND_UINT;
	field->is_signed = field->is_signed && field->kind == KIND_INT;
	field->enums = NULL;
	field->meaning = (uint8_t)meaning;
	if (traits->unit)
		field->unit = traits->unit;
}

static void become_bytes(struct field *field, uint8_t kind)
{
	field->size_bits *= field->count;
	field->count = 1;
	field->kind = kind;
	field->is_signed = false;
}

bool field_give_meaning(struct field *field, enum meaning meaning)
{
	const struct meaning_traits *traits = meaning_traits(meaning);
	uint64_t all = (uint64_t)field->size_bits * field->count / 8;
	uint32_t bytes = field->size_bits / 8;
	bool plain =
		meaning == MEAN_NONE && (is_number(field) || (bytes <= 8 && field->count == 1));

	if (field->meaning == MEAN_IP || field->is_bits || all > LAYOUT_MAX_BYTES)
		return false;
	if (field->kind == KIND_FLOAT && !(traits->flags & MEANS_AMOUNT))
		return false;
	if (is_number(field) && bytes == 16 && meaning_fits_bytes(meaning, 16))
		become_bytes(field, traits->kind);
	else if (!is_number(field) && (plain || meaning_fits_number(meaning, bytes)) &&
		 field->count == 1 && bytes && !(bytes & (bytes - 1)) && bytes <= 8)
		field->kind = KIND_UINT;
	else if (!plain && !meaning_fits_number(meaning, bytes)) {
		if (!meaning_fits_bytes(meaning, (uint32_t)all))
			return false;
		become_bytes(field, traits->kind);
	}
	set_meaning(field, meaning);
	return true;
}

bool field_give_text(struct field *field)
{
	if (field->is_bits || field->meaning == MEAN_IP ||
	    (uint64_t)field->size_bits * field->count / 8 > LAYOUT_MAX_BYTES)
		return false;
	become_bytes(field, KIND_TEXT);
	set_meaning(field, MEAN_NONE);
	return true;
}

int layout_compile(struct arena *arena, const struct btf *btf, uint32_t type_id,
		   const char *default_name, struct layout *ret, struct err *err)
{
	struct tags *tags = tags_new(btf);
	int rc = layout_compile_tagged(arena, btf, tags, type_id, default_name, ret, err);

	tags_free(tags);
	return rc;
}
