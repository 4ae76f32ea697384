// SPDX-License-Identifier: Apache-2.0
/* Recording rules for each counter and histogram, and alerts on bombus's own figures. */
#include <stdio.h>

#include "base/util.h"
#include "cmd/run/dashboard.h"

/* A text between single quotes. */
static void print_quoted(const char *key, const char *value)
{
	printf("%s: '", key);
	for (; *value; value++) {
		if (*value == '\'')
			putchar('\'');
		putchar((unsigned char)*value < ' ' ? ' ' : *value);
	}
	printf("'\n");
}

static void print_recordings(const struct dashboard *d, const struct metric_plan *metric)
{
	static const char *const quantiles[][2] = { { "0.5", "p50" },
						    { "0.9", "p90" },
						    { "0.99", "p99" } };
	_cleanup_free_ char *by = dashboard_labels(metric, false);

	for (uint32_t i = 0; i < metric->nfamilies; i++) {
		const struct family *family = &metric->families[i];
		_cleanup_free_ char *name = naming_prometheus(&d->naming, metric, family);

		if (family->type == METRIC_COUNTER)
			printf("  - record: job:%s:rate5m\n"
			       "    expr: sum by (job) (rate(%s[5m]))\n",
			       name, name);
		for (size_t q = 0; family->type == METRIC_HISTOGRAM && q < ARRAY_LEN(quantiles);
		     q++)
			printf("  - record: job:%s:%s_5m\n"
			       "    expr: histogram_quantile(%s, sum by (job, le) "
			       "(rate(%s_bucket[5m])))\n",
			       name, quantiles[q][1], quantiles[q][0], name);
	}
}

void dashboard_print_rules(const struct dashboard *d)
{
	static const struct {
		const char *name, *expr, *wait, *severity, *summary;
	} alerts[] = {
		{ "BombusEventsLost", "increase(bombus_events_lost_total[5m]) > 0", "0m", "warning",
		  "{{ $labels.instance }}: the map {{ $labels.map }} of {{ $labels.program }} lost "
		  "{{ $value }} records" },
		{ "BombusEventsDropped", "increase(bombus_events_dropped_total[5m]) > 0", "0m",
		  "warning",
		  "{{ $labels.instance }}: an output was too slow for {{ $value }} records of "
		  "{{ $labels.program }}'s map {{ $labels.map }}" },
		{ "BombusMapNearlyFull", "bombus_map_fill_ratio > 0.9", "5m", "warning",
		  "{{ $labels.instance }}: the map {{ $labels.map }} of {{ $labels.program }} is "
		  "{{ $value | humanizePercentage }} full" },
		{ "BombusMapUpdatesFail", "increase(bombus_map_update_failures_total[5m]) > 0",
		  "0m", "warning",
		  "{{ $labels.instance }}: the map {{ $labels.map }} of {{ $labels.program }} "
		  "refused {{ $value }} "
		  "updates" },
		{ "BombusProgramDetached",
		  "max by (job, instance, program, function) (bombus_program_attached) == 0", "1m",
		  "critical",
		  "{{ $labels.instance }}: {{ $labels.function }} of {{ $labels.program }} is not "
		  "attached" },
		{ "BombusSeriesOverflow", "increase(bombus_series_overflowed_total[5m]) > 0", "0m",
		  "warning",
		  "{{ $labels.instance }}: the map {{ $labels.map }} of {{ $labels.program }} has "
		  "more series than are "
		  "kept" },
	};

	printf("groups:\n");
	print_quoted("- name", d->name);
	printf("  rules:\n");
	for (uint32_t i = 0; i < d->plan->nmaps; i++)
		if (dashboard_exports(d, i))
			print_recordings(d, d->selection.metrics[i]);
	for (size_t i = 0; i < ARRAY_LEN(alerts); i++) {
		printf("  - alert: %s\n", alerts[i].name);
		print_quoted("    expr", alerts[i].expr);
		printf("    for: %s\n    labels: { severity: %s }\n    annotations:\n",
		       alerts[i].wait, alerts[i].severity);
		print_quoted("      summary", alerts[i].summary);
	}
}
