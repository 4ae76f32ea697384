/* SPDX-License-Identifier: Apache-2.0 */
/* What a program's maps came to, all of them together: the figures of the closing line. */
#ifndef BOMBUS_RUNNER_JOB_TOTALS_H
#define BOMBUS_RUNNER_JOB_TOTALS_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/source.h"

/* Of the maps that are shown. The losses that are known add up; with any_unknown there may be
 * others. */
struct job_totals {
	uint64_t events, lost, filtered, malformed, dropped, series;
	uint64_t over_entries, over_events; /* in overflow series: of the last sweeps; ever */
	bool any_events, any_series, any_known, any_unknown;
};

struct job_totals job_totals(struct source *source);

#endif
