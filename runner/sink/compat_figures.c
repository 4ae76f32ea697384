// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/compat_figures.h"

#include <stdio.h>

#include "base/num.h"
#include "base/util.h"

#define PREFIX "ebpf_exporter_"

static bool get_one(const void *of, struct figure_value *ret)
{
	return figure_count(ret, 1);
}

/* --- configurations --- */

/* Records that do not fit their labels. */
static bool get_errors(const void *of, struct figure_value *ret)
{
	struct source *source = (struct source *)of;
	uint64_t malformed = 0;

	for (uint32_t i = 0; i < source->plan->nmaps; i++)
		if (source->plan->maps[i].role != ROLE_INTERNAL)
			malformed += source_map_stats(source, &source->plan->maps[i]).malformed;
	return figure_count(ret, malformed);
}

static const struct own_figure config_rows[] = {
	{ PREFIX "enabled_configs", "The programs that run.", "", FIGURE_GAUGE, get_one },
	{ PREFIX "decoder_errors_total", "Records that do not fit their labels.", "",
	  FIGURE_COUNTER, get_errors },
};

static void each_config(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	struct source *source = ctx;
	const struct figure_label label = { figure->get == get_one ? "name" : "config",
					    source->program };

	visit->visit(visit, source, &label, 1);
}

static const struct figure_table config_figures = { config_rows, ARRAY_LEN(config_rows),
						    FIGURES_PROGRAMS, each_config };

/* --- BPF programs --- */

struct program_view {
	bool attached;
	struct prog_stats stats;
};

static bool get_attached(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct program_view *)of)->attached);
}

static bool get_run_time(const void *of, struct figure_value *ret)
{
	return figure_scaled(ret, ((const struct program_view *)of)->stats.run_ns, 1e-9);
}

static bool get_runs(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct program_view *)of)->stats.runs);
}

static const struct own_figure program_rows[] = {
	{ PREFIX "ebpf_program_info", "Always 1, labelled with the BPF program and its id.", "",
	  FIGURE_GAUGE, get_one },
	{ PREFIX "ebpf_program_attached", "1 where the BPF program is attached.", "", FIGURE_GAUGE,
	  get_attached },
	{ PREFIX "ebpf_program_run_time_seconds", "Time that the BPF program ran.", "seconds",
	  FIGURE_COUNTER, get_run_time },
	{ PREFIX "ebpf_program_run_count_total", "How often the BPF program ran.", "",
	  FIGURE_COUNTER, get_runs },
};

static void visit_program(struct source *source, const struct prog_plan *prog,
			  const struct own_figure *figure, struct figure_visit *visit)
{
	struct program_view view = {
		.attached = source_prog_status(source, prog).state == PROG_ATTACHED,
	};
	char id[16], tag[2 * sizeof(view.stats.tag) + 1];
	const struct figure_label labels[] = { { "id", id },
					       { "config", source->program },
					       { "program", prog->name },
					       { "tag", tag } };

	if (source_prog_stats(source, prog, &view.stats) != 0)
		return;
	snprintf(id, sizeof(id), "%u", view.stats.id);
	tag[num_hex_bytes(tag, view.stats.tag, sizeof(view.stats.tag))] = '\0';
	visit->visit(visit, &view, labels, figure->get == get_one ? ARRAY_LEN(labels) : 1);
}

static void each_program(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	struct source *source = ctx;

	for (uint32_t i = 0; i < source->plan->nprogs; i++)
		visit_program(source, &source->plan->progs[i], figure, visit);
}

static const struct figure_table program_figures = { program_rows, ARRAY_LEN(program_rows),
						     FIGURES_FUNCTIONS, each_program };

void compat_figures_add(struct figures *figures, struct source *source)
{
	figures_add(figures, &config_figures, source);
	figures_add(figures, &program_figures, source);
}

/* --- the process --- */

static void each_build(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	static const struct figure_label label = { "version", "bombus " BOMBUS_VERSION };

	visit->visit(visit, NULL, &label, 1);
}

static const struct own_figure build_rows[] = {
	{ PREFIX "build_info", "Always 1, labelled with the version.", "", FIGURE_GAUGE, get_one },
};

const struct figure_table compat_build_figures = { build_rows, ARRAY_LEN(build_rows), FIGURES_BUILD,
						   each_build };
