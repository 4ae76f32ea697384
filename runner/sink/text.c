// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>
#include <math.h>
#include "base/num.h"
#include "base/util.h"
#include "runner/sink/text.h"

static const struct map_plan *next_stacks(const struct plan *plan, uint32_t from)
{
	for (uint32_t i = from; i < plan->nmaps; i++)
		if (plan_stacks_number(plan, &plan->maps[i]) >= 0)
			return &plan->maps[i];
	return NULL;
}

void sink_names_init(struct sink_names *names, struct source *source)
{
	*names = (struct sink_names){ .source = source };
	names->resolver = source_resolver(source);
	if (source->ops->stacks_fd)
		names->stacks = next_stacks(source->plan, 0);
}

void sink_names_release(struct sink_names *names)
{
	resolver_free(names->resolver);
	*names = (struct sink_names){ 0 };
}

void sink_names_find_stacks(struct sink_names *names)
{
	struct source *source = names->source;
	const struct plan *plan = source->plan;

	while (names->stacks) {
		const struct map_plan *map = names->stacks;
		int fd = source->ops->stacks_fd(source, map);

		if (fd < 0)
			return;
		resolver_set_stacks(names->resolver, (uint8_t)plan_stacks_number(plan, map), fd,
				    map->value_bytes / sizeof(uint64_t));
		names->stacks = next_stacks(plan, map->index + 1);
	}
}

uint32_t maps_shown(const struct plan *plan)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < plan->nmaps; i++)
		n += map_has_records(&plan->maps[i]) || map_has_series(&plan->maps[i]);
	return n;
}

bool series_may_read_same(struct source *source, const struct metric_plan *plan)
{
	bool texts = plan->nlabels > 0;

	for (uint32_t i = 0; i < plan->nlabels; i++) {
		if (!field_text_is_exact(&plan->labels[i].in_key))
			return true;
		texts &= plan->labels[i].in_key.kind == KIND_TEXT;
	}
	return texts && source_series_stats(source, plan->map).overflowed;
}

size_t label_text_max(const struct label *label)
{
	return MAX(field_text_max(&label->in_key), sizeof(OVERFLOW_TEXT));
}

size_t label_text(char *dst, const struct label *label, const struct series_rows *rows, uint32_t i,
		  enum style style, struct resolver *resolver)
{
	if (rows->flags[i] & SERIES_OVERFLOW) {
		memcpy(dst, OVERFLOW_TEXT, sizeof(OVERFLOW_TEXT));
		return sizeof(OVERFLOW_TEXT) - 1;
	}
	return field_text(dst, &label->in_key, row_key(rows, i), style, resolver);
}

size_t cell_text(char *dst, enum cell_type type, union cell cell, bool json)
{
	if (type == CELL_U64)
		return num_u64(dst, cell.u);
	if (type == CELL_I64)
		return num_i64(dst, cell.i);
	if (json && !isfinite(cell.d)) {
		memcpy(dst, "null", sizeof("null"));
		return 4;
	}
	return num_double(dst, cell.d);
}

uint64_t histogram_count(const struct family *family, const union cell *cells)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i <= family->nbounds; i++)
		count += cells[family->cell + i].u;
	return count;
}
