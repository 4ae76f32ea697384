/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of the programs that run under the names that ebpf_exporter has for its own. */
#ifndef BOMBUS_RUNNER_SINK_COMPAT_FIGURES_H
#define BOMBUS_RUNNER_SINK_COMPAT_FIGURES_H

#include "base/figures.h"
#include "runner/source.h"

/* Their ctx is the source: figures_remove() takes it. */
void compat_figures_add(struct figures *figures, struct source *source);

/* Of the process. Does not use its ctx, by which figures_remove() finds it. */
extern const struct figure_table compat_build_figures;

#endif
