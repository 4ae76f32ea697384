/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program's configuration for ebpf_exporter, NAME.yaml, as recipes for the plan of NAME.bpf.o.
 * The format is that of the exporter's README (version 2).
 *
 * It refuses everything that the exporter refuses, and input that the exporter takes and then shows
 * wrongly or not at all. Errors are EXIT_USAGE and read "FILE:LINE:COLUMN: what", with the right
 * form as a hint. An unknown key, which the exporter ignores, is an error if it resembles a known
 * one, else a warning.
 */
#ifndef BOMBUS_RUNNER_COMPAT_EXPORTER_CONFIG_H
#define BOMBUS_RUNNER_COMPAT_EXPORTER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include "base/yaml.h"
#include "runner/load/attach/object.h"

#define EXPORTER_NAMESPACE "ebpf_exporter"

struct exporter_config {
	struct yaml yaml; /* its arena holds all below */
	struct plan_recipe *recipes;
	size_t nrecipes;
	struct object_kaddr *kaddrs;
	size_t nkaddrs;
	struct recipe_cgroups cgroups;
};

/* `name` stands for the bytes in messages. exporter_config_free() in any case but failure. */
int exporter_config_parse(struct exporter_config **ret, const char *name, const char *bytes,
			  size_t len, struct err *err);
int exporter_config_read(struct exporter_config **ret, const char *path, struct err *err);
void exporter_config_free(struct exporter_config *config);

/* The object that belongs to a configuration, malloc'ed: "dir/x.yaml" has "dir/x.bpf.o". */
char *exporter_config_object(const char *path);
/* Whether the path is a configuration's, by its end. */
bool exporter_config_is(const char *path);

#endif
