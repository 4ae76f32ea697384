// SPDX-License-Identifier: Apache-2.0
/* What may be relied on of the text that field_text() makes of a field in STYLE_PLAIN. */
#include "runner/read/text/decode.h"

bool field_text_is_lasting(const struct field *field)
{
	switch (field->meaning) {
	case MEAN_DEV:
	case MEAN_IFINDEX:
	case MEAN_KSYM:
	case MEAN_KSTACK:
	case MEAN_USTACK:
	case MEAN_KTIME_NS:
	case MEAN_BOOTTIME_NS:
		return false;
	}
	return true;
}

bool field_text_is_exact(const struct field *field)
{
	if (!field_text_is_lasting(field) || (field->count > 1 && field->kind == KIND_TEXT))
		return false;
	switch (field->meaning) {
	case MEAN_ERRNO: /* of either sign */
	case MEAN_IP:	 /* the family has two numbers; without one the address is not shown */
	case MEAN_DNS:	 /* dotted or not */
		return false;
	case MEAN_CHAR:
		return field->count == 1 && field->size_bits == 8;
	}
	/* Any number but 0 is true; there are many that are none. */
	return field->kind != KIND_BOOL && field->kind != KIND_FLOAT;
}
