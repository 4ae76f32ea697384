/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program exports, as a dashboard for Grafana (10 or later) or as rules for Prometheus. Both
 * are made from the program's types alone, as the metrics are.
 */
#ifndef BOMBUS_CMD_RUN_DASHBOARD_H
#define BOMBUS_CMD_RUN_DASHBOARD_H

#include "runner/job/select.h"
#include "runner/read/series/naming.h"
#include "runner/source.h"

struct dashboard {
	const char *name;
	char program[SOURCE_PROGRAM_MAX]; /* as in the label of that name */
	struct naming naming;
	const struct plan *plan;
	struct selection selection;
};

/* Both print to standard output. */
int dashboard_print_grafana(const struct dashboard *dashboard, struct err *err);
void dashboard_print_rules(const struct dashboard *dashboard);

/* Whether a map has metrics. */
bool dashboard_exports(const struct dashboard *dashboard, uint32_t map);
/* program=~"|name": the series of this program, where the process runs several and where it runs it
 * alone; "" where the metric has a label of that name. malloc'ed. */
char *dashboard_program_matcher(const struct dashboard *dashboard,
				const struct metric_plan *metric);
/* "instance, a, b", or as a legend "{{instance}} {{a}} {{b}}"; malloc'ed. */
char *dashboard_labels(const struct metric_plan *metric, bool legend);

#endif
