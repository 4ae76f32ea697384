// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/sink/prometheus/scrape_own.h"

#define LABELS_MAX 8

/* A family being written: its head comes with its first figure. */
struct own_out {
	struct strbuf *dst;
	const struct expo_format *format;
	size_t at;
	bool headed;
};

static void put_figure(void *arg, const struct own_figure *figure,
		       const struct figure_label *labels, size_t nlabels,
		       const struct figure_value *value)
{
	struct own_out *out = arg;
	struct expo_family family = { figure->name, figure->help, figure->unit,
				      figure->type == FIGURE_COUNTER ? METRIC_COUNTER
								     : METRIC_GAUGE };
	struct expo_number number = { .scale = value->scale };
	struct strbuf set = STRBUF_INIT(out->dst->max);
	struct expo_label list[LABELS_MAX];

	number.type = value->is_number ? CELL_DOUBLE : CELL_U64;
	if (value->is_number)
		number.cell.d = value->number;
	else
		number.cell.u = value->count;
	if (!out->headed) {
		out->at = out->dst->len;
		out->format->family(out->dst, &family);
	}
	out->headed = true;
	nlabels = MIN(nlabels, (size_t)LABELS_MAX);
	for (size_t i = 0; i < nlabels; i++)
		list[i] = (struct expo_label){ labels[i].name, labels[i].text,
					       strlen(labels[i].text) };
	out->format->labels(&set, list, (uint32_t)nlabels);
	out->format->number(out->dst, &family, (struct expo_set){ strbuf_str(&set), set.len },
			    &number);
	strbuf_release(&set);
}

bool scrape_own(struct strbuf *dst, uint32_t nth, const struct scrape_opts *opts)
{
	struct own_out out = { .dst = dst, .format = opts->format };

	if (!figures_walk(opts->figures, nth, put_figure, &out))
		return false;
	if (out.headed && out.format->family_end)
		out.format->family_end(dst, out.at);
	return true;
}
