/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of the programs that run under the names that ebpf_exporter has for its own. */
#ifndef BOMBUS_RUNNER_SINK_COMPAT_FIGURES_H
#define BOMBUS_RUNNER_SINK_COMPAT_FIGURES_H

#include "base/figures.h"
#include "runner/source.h"

/* With the source as their ctx, by which figures_remove() takes them away. */
void compat_figures_add(struct figures *figures, struct source *source);

/* Of the process; ctx: NULL. */
extern const struct figure_table compat_build_figures;

#endif
