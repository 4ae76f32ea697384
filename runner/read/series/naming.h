/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a metric is called outside: its name, labels, unit, scale and help, for Prometheus, OTLP and
 * dashboards alike. Names that are unique within a program are made when the program is compiled
 * (metric_name.c); this module turns them into the names that others see. No output composes a
 * name by itself.
 *
 *	Prometheus	<namespace>_<family>			ebpf_tcp_rtt_seconds
 *	OTLP		<namespace>.<family without unit>	ebpf.tcp_rtt, unit "s"
 *	--compat bee	<namespace>_solo_io_<map's symbol>	ebpf_solo_io_counter_events
 *
 * A map whose names are another tool's has the namespace of that tool (map_plan.name_space).
 */
#ifndef BOMBUS_RUNNER_READ_SERIES_NAMING_H
#define BOMBUS_RUNNER_READ_SERIES_NAMING_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/read/series/metric.h"

struct err;

/* The label that tells the programs of one process apart. */
#define NAMING_PROGRAM "program"

struct naming {
	const char *name_space; /* borrowed; first part of each name */
	bool is_given;		/* also of maps that have one of their own */
	bool exporter;		/* ebpf_exporter's figures about itself beside our own */
	bool bee;		/* names, labels and values as BumbleBee has them */
};

extern const struct naming naming_usual; /* our own names, namespace "ebpf" */

/*
 * `name_space` NULL: the usual one. `tool`: "bee", "ebpf_exporter", or NULL for our own names.
 * EXIT_USAGE where the namespace cannot begin a name, or belongs to the figures of this process.
 */
int naming_init(struct naming *ret, const char *name_space, const char *tool, struct err *err);

/* A family's whole name; malloc'ed. */
char *naming_prometheus(const struct naming *naming, const struct metric_plan *plan,
			const struct family *family);
char *naming_otlp(const struct naming *naming, const struct metric_plan *plan,
		  const struct family *family);

/* A family's help: the program's own text, or else a description of the map; malloc'ed. */
char *naming_help(const struct naming *naming, const struct metric_plan *plan,
		  const struct family *family);

/* Exported value = cell * scale. */
double naming_scale(const struct naming *naming, const struct family *family);

/* Whether every counter's name ends in _total, which OpenMetrics requires. */
static inline bool naming_has_total(const struct naming *naming)
{
	return !naming->bee;
}

/* Puts the plan's labels into the order of output. */
void naming_order(const struct naming *naming, const struct label **labels, uint32_t count);

/* A series' own label as it is exported beside the label `program`. */
const char *naming_beside_program(const char *label);
/* A label as Prometheus stores it after a scrape: job and instance are its own. */
const char *naming_scraped(const char *label);

/* --- units ------------------------------------------------------------------------------------ */

/*
 * The base unit of a program's unit, and the factor to it: "us" is "seconds", 1e-6. True where the
 * unit is known; another unit is its own base, "" for NULL.
 */
bool naming_base_unit(const char *unit, const char **ret_base, double *ret_scale);
/* A family's unit in UCUM, as OTLP has it: "s", "By", "{packets}", ""; malloc'ed. */
char *naming_ucum(const struct family *family);
/* Grafana's id of a base unit; `rate`: of its increase per second. */
const char *naming_panel_unit(const char *base, bool rate);

#endif
