/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of the agent (spec/agent.md), read and checked. Immutable; programs that go on
 * after a reload hold the configuration that they came from by a reference.
 */
#ifndef BOMBUS_CMD_AGENT_CONFIG_H
#define BOMBUS_CMD_AGENT_CONFIG_H

#include "base/log.h"
#include "base/yaml.h"
#include "cmd/agent/keys.h"

#define CONFIG_MAX_PROGRAMS 256
#define EXPORTERS_ALL (~0u)

struct agent_config;

struct agent_program {
	struct agent_config *config;
	const char *name;
	const char *image;
	const char *pull;   /* as --pull of run; NULL: missing */
	uint64_t pull_ns;   /* how often a moving tag is asked for; 0: never */
	unsigned exporters; /* set of KEY_EXPORT(); EXPORTERS_ALL: whatever there is */
	struct run_args args;
	const char *identity; /* equal where nothing changed */
	const struct yaml_node *node;
};

struct agent_config {
	unsigned refs;
	struct yaml yaml;
	struct run_args args; /* of the process */
	struct exports exports;
	struct own_args own;
	unsigned exporters; /* set of KEY_EXPORT() */
	/* By number: equal where nothing changed; NULL: the file has none of the type. */
	const char *exporter_ids[EXPORTERS_COUNT];
	struct agent_program *programs;
	size_t count;
};

/* EXIT_USAGE: "FILE:LINE:COLUMN: what". */
int agent_config_read(struct agent_config **ret, const char *path, struct err *err);
struct agent_config *agent_config_ref(struct agent_config *config);
void agent_config_unref(struct agent_config *config); /* NULL is fine */

/* NULL: there is none of this name. */
const struct agent_program *agent_config_program(const struct agent_config *config,
						 const char *name);
enum log_level agent_config_level(const struct agent_config *config);

#endif
