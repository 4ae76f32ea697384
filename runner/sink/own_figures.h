/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of the maps and programs that run: bombus_events_..., bombus_map_..., bombus_program_...
 */
#ifndef BOMBUS_RUNNER_SINK_OWN_FIGURES_H
#define BOMBUS_RUNNER_SINK_OWN_FIGURES_H

#include "base/figures.h"
#include "runner/source.h"

/* Their ctx is the source. */
void own_figures_add(struct figures *figures, struct source *source);
void own_figures_remove(struct figures *figures, struct source *source);

#endif
