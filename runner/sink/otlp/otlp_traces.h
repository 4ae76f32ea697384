/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans for OTLP: records of maps of role spans are made into spans, sampled, and encoded into the
 * queue. One belongs to one thread, the sink's.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_TRACES_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_TRACES_H

#include "runner/sink/otlp/otlp_resource.h"
#include "runner/sink/sink.h"

struct otlp_config;
struct otlp_traces;

/* All is borrowed. The object need not have been started. EXIT_USAGE with the variable's name
 * for an unknown sampler. */
int otlp_traces_new(struct otlp_traces **ret, const struct otlp_config *config, bool json,
		    struct source *source, struct otlp_resources *resources,
		    struct resolver *resolver, struct otlp_queue *queue, struct err *err);
void otlp_traces_free(struct otlp_traces *traces);

/* A record of a map of role spans. The queue counts spans without room. */
void otlp_traces_event(struct otlp_traces *traces, const struct record *record);
/* Spans are held until some have come together, to be sorted by their resource: to be called when
 * there is nothing more to read, and before the queue is closed. */
void otlp_traces_flush(struct otlp_traces *traces);

/* bombus' own trace, of how the program was started. Once, when the object has been started;
 * sampled as a root. */
void otlp_traces_start(struct otlp_traces *traces);

/* Any thread. */
struct span_counts otlp_traces_counts(const struct otlp_traces *traces);

#endif
