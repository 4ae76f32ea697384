// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/otlp/otlp_figures.h"

#include "base/util.h"

static bool get_sent(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct otlp_counts *)of)->sent);
}

static bool get_queued(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct otlp_counts *)of)->queued);
}

static bool get_retries(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct otlp_counts *)of)->retries);
}

static bool get_splits(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct otlp_counts *)of)->splits);
}

static bool get_dropped(const void *of, struct figure_value *ret)
{
	return figure_count(ret, *(const uint64_t *)of);
}

static const struct own_figure queue_rows[] = {
	{ "bombus_otlp_sent_total", "Spans, data points and log records that the receiver took.",
	  "", FIGURE_COUNTER, get_sent },
	{ "bombus_otlp_queue_length", "Items that wait to be sent.", "", FIGURE_GAUGE, get_queued },
	{ "bombus_otlp_retries_total", "Requests that failed and were to be tried again.", "",
	  FIGURE_COUNTER, get_retries },
	{ "bombus_otlp_splits_total", "Requests divided, as the receiver found them too large.", "",
	  FIGURE_COUNTER, get_splits },
};

static const struct own_figure drop_rows[] = {
	{ "bombus_otlp_dropped_total", "Items that the receiver did not get, by the reason.", "",
	  FIGURE_COUNTER, get_dropped },
};

static void each_queue(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	struct otlp_counts counts = otlp_queue_counts(ctx);
	const struct figure_label label = { "signal", otlp_queue_signal(ctx) };

	visit->visit(visit, &counts, &label, 1);
}

static void each_drop(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	struct otlp_counts counts = otlp_queue_counts(ctx);

	for (int i = 0; i < OTLP_DROPS; i++) {
		const struct figure_label labels[] = { { "signal", otlp_queue_signal(ctx) },
						       { "reason", otlp_drop_name(i) } };

		visit->visit(visit, &counts.dropped[i], labels, ARRAY_LEN(labels));
	}
}

static const struct figure_table queue_figures = { queue_rows, ARRAY_LEN(queue_rows), FIGURES_OTLP,
						   each_queue };
static const struct figure_table drop_figures = { drop_rows, ARRAY_LEN(drop_rows),
						  FIGURES_OTLP_DROPS, each_drop };

void otlp_figures_add(struct figures *figures, struct otlp_queue *queue)
{
	figures_add(figures, &queue_figures, queue);
	figures_add(figures, &drop_figures, queue);
}
