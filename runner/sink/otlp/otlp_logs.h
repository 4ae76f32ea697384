/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of maps of role events as OTLP's log records. The event's name is the map's, the fields
 * are typed attributes, the body is all of them as text ("comm=curl pid=7"). Members trace_id and
 * span_id say which span it belongs to; one that is a cgroup's id, which container. One belongs to
 * one thread, the sink's.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_LOGS_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_LOGS_H

#include "runner/sink/otlp/otlp_resource.h"
#include "runner/sink/sink.h"

struct otlp_config;
struct otlp_logs;

/* All is borrowed. */
struct otlp_logs *otlp_logs_new(const struct otlp_config *config, bool json, struct source *source,
				struct otlp_resources *resources, struct resolver *resolver,
				struct otlp_queue *queue);
void otlp_logs_free(struct otlp_logs *logs);

void otlp_logs_event(struct otlp_logs *logs, const struct record *record);

#endif
