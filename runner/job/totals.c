// SPDX-License-Identifier: Apache-2.0
#include "runner/job/totals.h"

static bool has_events(const struct map_plan *map)
{
	return map->role != ROLE_INTERNAL &&
	       (map_is_ring(map) || map->source == SOURCE_QUEUE || map->source == SOURCE_ITER);
}

struct job_totals job_totals(struct source *source)
{
	const struct plan *plan = source->plan;
	struct job_totals t = { 0 };

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		struct map_stats s = source_map_stats(source, map);

		if (map->role == ROLE_INTERNAL)
			continue;
		if (has_events(map)) {
			t.any_events = true;
			t.events += s.read - s.malformed;
			t.filtered += s.filtered; /* of maps: the same entries at each sweep */
			t.any_known = t.any_known || s.lost_known;
			t.any_unknown = t.any_unknown || !s.lost_known;
		}
		t.any_unknown = t.any_unknown || (map_evicts(map) && !s.lost_known);
		t.lost += s.lost;
		t.malformed += s.malformed;
		t.dropped += s.dropped;
		if (source_metric(source, map)) {
			struct series_stats kept = source_series_stats(source, map);

			t.any_series = true;
			t.series += kept.live;
			t.over_entries += kept.over_now;
			t.over_events += kept.swept ? 0 : kept.overflowed;
		}
	}
	return t;
}
