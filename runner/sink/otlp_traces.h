/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans for OTLP: records of maps of role spans are made into spans, sampled, and encoded into the
 * queue. One belongs to one thread, the sink's.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_TRACES_H
#define BOMBUS_RUNNER_SINK_OTLP_TRACES_H

#include "runner/sink/otlp_resource.h"
#include "runner/sink/sink.h"

/* As in OTEL_SPAN_*_LIMIT and OTEL_*_ATTRIBUTE_COUNT_LIMIT. What is over is left out, and the
 * span says how many that were. */
struct span_limits {
	uint32_t attributes;	/* of a span */
	uint32_t value_chars;	/* of a text; 0: no limit */
	uint32_t events, links; /* of a span */
	uint32_t event_attributes, link_attributes;
};
#define SPAN_LIMITS_DEFAULT ((struct span_limits){ 128, 0, 128, 128, 128, 128 })

struct otlp_traces_opts {
	struct span_sampler sampler;
	struct span_limits limits;
	bool json;
};

struct otlp_traces;

/* All but opts is borrowed. The object need not have been started. */
struct otlp_traces *otlp_traces_new(const struct otlp_traces_opts *opts, const struct sink_env *env,
				    struct otlp_resources *resources, struct resolver *resolver,
				    struct otlp_queue *queue);
void otlp_traces_free(struct otlp_traces *traces);

/* A record of a map of role spans. What the queue has no room for, it counts itself. */
void otlp_traces_event(struct otlp_traces *traces, const struct record *record);

/* bombus' own trace, of how the program was started (env->start): once, when the object has been
 * started. Sampled as a root. */
void otlp_traces_start(struct otlp_traces *traces);

/* Any thread. */
struct span_counts otlp_traces_counts(const struct otlp_traces *traces);

#endif
