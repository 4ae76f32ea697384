/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a queue, by its signal: bombus_otlp_... */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_FIGURES_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_FIGURES_H

#include "base/figures.h"
#include "runner/sink/otlp/otlp_queue.h"

/* To be removed with the queue as ctx. */
void otlp_figures_add(struct figures *figures, struct otlp_queue *queue);

#endif
