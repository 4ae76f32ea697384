// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/read/series/metric.h"

/* A cell keeps the unit of its field, which is what numbers with a unit are compared in. */
static struct field cell_field(const struct family *family)
{
	static const uint8_t kinds[] = {
		[CELL_U64] = KIND_UINT,
		[CELL_I64] = KIND_INT,
		[CELL_DOUBLE] = KIND_FLOAT,
	};
	const char *name = family->base[0] ? family->base
			   : family->field ? family->field->path
					   : "value";

	return (struct field){
		.name = name,
		.path = name,
		.label = name,
		.unit = family->cell_unit,
		.meaning = family->meaning,
		.kind = kinds[family->cell_type],
		.is_signed = family->cell_type == CELL_I64,
		.off_bits = family->cell * 64,
		.size_bits = 64,
		.count = 1,
	};
}

void metric_row_map(struct map_plan *ret, const struct metric_plan *plan, struct arena *arena)
{
	struct layout key = { .type_name = "", .size_bytes = plan->key_bytes };
	struct layout value = { .type_name = "", .size_bytes = plan->ncells * 8 };

	key.fields = arena_array(arena, struct field, plan->nlabels + 1);
	for (uint32_t i = 0; i < plan->nlabels; i++)
		key.fields[key.nfields++] = plan->labels[i].in_key;
	value.fields = arena_array(arena, struct field, plan->nfamilies + 1);
	for (uint32_t i = 0; i < plan->nfamilies; i++)
		if (plan->families[i].type != METRIC_HISTOGRAM)
			value.fields[value.nfields++] = cell_field(&plan->families[i]);
	*ret = *plan->map;
	ret->key = key;
	ret->has_key = key.nfields > 0;
	ret->key_bytes = plan->key_bytes;
	ret->value = value;
	ret->has_value = value.nfields > 0;
	ret->value_bytes = value.size_bytes;
	ret->per_cpu = false;
}
