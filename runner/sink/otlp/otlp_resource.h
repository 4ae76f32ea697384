/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resource of spans, logs and metrics, encoded once for each origin. An origin is a service,
 * and a container where the record has the id of a cgroup.
 *
 *	service.name		the record's member; else OTEL_SERVICE_NAME; else service.name of
 *				OTEL_RESOURCE_ATTRIBUTES; else the map's BOMBUS_SERVICE(); else
 *				the program's name
 *	service.instance.id	a random UUID, one per run
 *	host.name, host.id, host.arch, os.type, os.version, os.description
 *	process.pid, process.executable.name, .path, process.command_line	of bombus
 *	telemetry.sdk.name, .language, .version
 *	container.id, k8s.pod.uid		from the path of the cgroup
 *	k8s.pod.name, k8s.namespace.name, k8s.container.name	from the names of the node's logs
 *
 * OTEL_RESOURCE_ATTRIBUTES adds to these, and replaces what has the same name.
 *
 * One belongs to one thread.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_RESOURCE_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/read/span/span.h"
#include "runner/read/who/state.h"
#include "runner/sink/otlp/otlp_queue.h"

/* At most so many origins are kept; a new one replaces the one that was longest not used. */
#define OTLP_ORIGINS_MAX 256

struct otlp_config;
struct otlp_resources;
struct source;

/* Where to look; for tests. */
struct otlp_resource_paths {
	const char *proc, *etc, *logs;
};
#define OTLP_RESOURCE_PATHS ((struct otlp_resource_paths){ "/proc", "/etc", STATE_LOGS })

/* `config` and `paths` are borrowed. */
struct otlp_resources *otlp_resources_new(const struct otlp_config *config, bool json,
					  struct otlp_resource_paths paths);
void otlp_resources_free(struct otlp_resources *resources);

/*
 * The origin of what a program's record says of its service and cgroup. Where several programs run
 * each has a scope of its own. `service` len 0: none is known, it is called like the program;
 * `is_member`: it came with the record and stands over what the environment says. cgroup 0: none;
 * `resolver` finds its path, NULL: none is looked for. Valid until the next call.
 */
const struct otlp_origin *otlp_resources_get(struct otlp_resources *resources,
					     const struct source *source, struct span_text service,
					     bool is_member, uint64_t cgroup,
					     struct resolver *resolver);

#endif
