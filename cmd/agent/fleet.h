/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs of the agent: which are wanted, which run, and why others do not. A program that
 * fails is tried again after a pause that doubles up to a minute. One that is altered runs on until
 * its successor is attached.
 *
 * All calls come from the thread of the loop, but for the hooks of the pages and the figures.
 */
#ifndef BOMBUS_CMD_AGENT_FLEET_H
#define BOMBUS_CMD_AGENT_FLEET_H

#include "base/figures.h"
#include "cmd/agent/config.h"
#include "cmd/agent/loading.h"
#include "runner/sink/host/host.h"

struct fleet;
struct loop;

struct fleet_opts {
	const struct global_args *global;
	struct wallclock *clock;
	struct loop *loop;
	struct figures *figures;
	struct loader *loader;
	struct opener *opener;
	struct who *who;
	struct stacks *stacks;
	uint64_t max_memory_bytes;
};
int fleet_new(struct fleet **ret, const struct fleet_opts *opts, struct err *err);
/* Before the host is freed: detaches and reads what is left. */
void fleet_stop(struct fleet *fleet);
void fleet_free(struct fleet *fleet); /* after it */
/* For host_opts. */
int fleet_left_fd(const struct fleet *fleet);
/* The host that gets the sources; set once. */
void fleet_set_host(struct fleet *fleet, struct host *host);

/* From now on these programs are wanted. */
void fleet_apply(struct fleet *fleet, struct agent_config *config);
/* Once a second: retries, moving tags, rates. */
void fleet_tick(struct fleet *fleet);

struct fleet_counts {
	size_t wanted, up;
	bool settled; /* each was tried */
};
struct fleet_counts fleet_count(struct fleet *fleet);

/* For host_opts: whether the configuration gives the program to the sink. */
bool fleet_wants(void *fleet, const struct source *source, const char *sink);

/* For the pages, any thread. */
bool fleet_ready(struct fleet *fleet, char *why, size_t size);
void fleet_landing(struct fleet *fleet, struct strbuf *html);

#endif
