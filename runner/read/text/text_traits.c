// SPDX-License-Identifier: Apache-2.0
/* What may be relied on of the text that field_text() makes of a field in STYLE_PLAIN. */
#include <time.h>

#include "runner/load/decode/decoders.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/text/decode.h"

bool field_has_name(const struct field *field)
{
	return meaning_traits(field->meaning)->flags & MEANS_NAMED;
}

bool field_text_is_lasting(const struct field *field)
{
	const struct meaning_traits *traits = meaning_traits(field->meaning);

	if (field->decoders)
		return field->decoders->lasting;
	if (traits->is_time)
		return traits->clock == CLOCK_REALTIME;
	return !traits->recorded || (traits->flags & MEANS_NUMBER);
}

bool field_text_is_exact(const struct field *field)
{
	if (!field_text_is_lasting(field) || (field->count > 1 && field->kind == KIND_TEXT) ||
	    (meaning_traits(field->meaning)->flags & MEANS_INEXACT))
		return false;
	if (field->decoders)
		return field->decoders->exact;
	if (field->meaning == MEAN_CHAR)
		return field->count == 1 && field->size_bits == 8;
	/* Any number but 0 is true; there are many that are none. */
	return field->kind != KIND_BOOL && field->kind != KIND_FLOAT;
}
