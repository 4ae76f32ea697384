/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exporters of the agent. A reload opens those that are new, ends those that are gone, and
 * exchanges those whose keys changed: the new one is opened before the old one ends, and a
 * listening socket stays where the address is the same.
 */
#ifndef BOMBUS_CMD_AGENT_OUTPUTS_H
#define BOMBUS_CMD_AGENT_OUTPUTS_H

#include "cmd/agent/config.h"
#include "runner/sink/host/host.h"

struct figures;
struct outputs;

struct outputs_opts {
	struct figures *figures;
	const struct prometheus_hooks *hooks;
	struct host_opts host;
	int listen_fd; /* of socket activation; 0: none */
};
struct outputs *outputs_new(const struct outputs_opts *opts);
/* Frees the host and all sinks. NULL is fine. */
void outputs_free(struct outputs *outputs);
struct host *outputs_host(struct outputs *outputs);

/* The first configuration: opens and starts them. */
int outputs_open(struct outputs *outputs, struct agent_config *config, struct err *err);
/* Another one. One that cannot be opened stays as it was, the others are exchanged; returns the
 * last failure. */
int outputs_apply(struct outputs *outputs, struct agent_config *config, struct err *err);
/* Once a second. */
void outputs_tick(struct outputs *outputs);

#endif
