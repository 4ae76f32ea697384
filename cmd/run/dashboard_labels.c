// SPDX-License-Identifier: Apache-2.0
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/run/dashboard.h"

#define LIST_MAX_BYTES (1u << 20)

bool dashboard_exports(const struct dashboard *d, uint32_t map)
{
	return d->selection.metrics[map] && d->plan->maps[map].exported;
}

char *dashboard_labels(const struct metric_plan *metric, bool legend)
{
	struct strbuf sb = STRBUF_INIT(LIST_MAX_BYTES);

	strbuf_adds(&sb, legend ? "{{instance}}" : "instance");
	for (uint32_t i = 0; i < metric->nlabels; i++)
		strbuf_addf(&sb, legend ? " {{%s}}" : ", %s",
			    naming_scraped(metric->labels[i].name));
	return strbuf_steal(&sb);
}

char *dashboard_program_matcher(const struct dashboard *d, const struct metric_plan *metric)
{
	for (uint32_t i = 0; i < metric->nlabels; i++)
		if (streq(metric->labels[i].name, NAMING_PROGRAM))
			return xstrdup("");
	return xasprintf(NAMING_PROGRAM "=~\"|%s\"", d->program);
}
