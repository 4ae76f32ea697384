// SPDX-License-Identifier: Apache-2.0
/* Messages and tables about each program of a run. */
#include "cmd/cmd.h"
#include "cmd/run/programs.h"
#include "cmd/run/run_show.h"
#include "cmd/run/show_plan.h"

static struct source *next_source(const struct programs *p, size_t *at, struct job **ret)
{
	while (*at < p->count && !p->all[*at].job)
		++*at;
	*ret = *at < p->count ? p->all[(*at)++].job : NULL;
	return *ret ? job_source(*ret) : NULL;
}

void programs_show_start(const struct programs *p)
{
	struct source *source;
	struct job *job;

	for (size_t i = 0; (source = next_source(p, &i, &job));)
		show_start(source);
}

void programs_show_states(const struct programs *p)
{
	struct source *source;
	struct job *job;

	for (size_t i = 0; (source = next_source(p, &i, &job));)
		show_programs(source);
}

void programs_show_end(const struct programs *p, uint64_t ran_ns, uint64_t unwritten)
{
	struct source *source;
	struct job *job;

	if (p->global->quiet)
		return;
	for (size_t i = 0; (source = next_source(p, &i, &job));)
		show_closing_line(source, job_object(job), ran_ns,
				  programs_several(p) ? 0 : unwritten);
	if (programs_several(p) && unwritten)
		show_unwritten(unwritten);
}
