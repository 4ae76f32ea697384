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

/* Of the processes that run this program, and of its series where they run several. */
static char *rate_of(const struct dashboard *d, const struct metric_plan *metric, const char *name,
		     const char *suffix)
{
	_cleanup_free_ char *matcher = dashboard_program_matcher(d, metric);

	return xasprintf("rate(%s%s{%s}[5m]) * on (job, instance) group_left () "
			 "bombus_program_info{" NAMING_PROGRAM "=\"%s\"}",
			 name, suffix, matcher, d->program);
}

static void print_recording(const struct dashboard *d, const char *name, const char *suffix,
			    const char *expr)
{
	printf("  - record: job:%s:%s\n", name, suffix);
	print_quoted("    expr", expr);
	printf("    labels: { " NAMING_PROGRAM ": \"%s\" }\n", d->program);
}

static void print_recordings(const struct dashboard *d, const struct metric_plan *metric)
{
	static const char *const quantiles[][2] = { { "0.5", "p50_5m" },
						    { "0.9", "p90_5m" },
						    { "0.99", "p99_5m" } };

	for (uint32_t i = 0; i < metric->nfamilies; i++) {
		const struct family *family = &metric->families[i];
		_cleanup_free_ char *name = naming_prometheus(&d->naming, metric, family);

		bool is_histogram = family->type == METRIC_HISTOGRAM;
		_cleanup_free_ char *rate = rate_of(d, metric, name, is_histogram ? "_bucket" : "");

		if (family->type == METRIC_COUNTER) {
			_cleanup_free_ char *expr = xasprintf("sum by (job) (%s)", rate);

			print_recording(d, name, "rate5m", expr);
		}
		for (size_t q = 0; is_histogram && q < ARRAY_LEN(quantiles); q++) {
			_cleanup_free_ char *expr =
				xasprintf("histogram_quantile(%s, sum by (job, le) (%s))",
					  quantiles[q][0], rate);

			print_recording(d, name, quantiles[q][1], expr);
		}
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
