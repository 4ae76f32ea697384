/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the parts of exporter_config_parse(). */
#ifndef BOMBUS_RUNNER_COMPAT_EXPORTER_INTERNAL_H
#define BOMBUS_RUNNER_COMPAT_EXPORTER_INTERNAL_H

#include <stdint.h>
#include "runner/compat/exporter_config.h"

struct recipe_place exporter_place(const struct yaml_node *node);

/* Checks a mapping: an unknown key is an error if it resembles one of these, else a warning. */
int exporter_keys(const struct yaml_node *map, const char *const *keys, size_t count,
		  struct err *err);

/* The value of a key that has to be there; `what` names the mapping. */
int exporter_need(const struct yaml_node *map, const char *key, const char *what,
		  const struct yaml_node **ret, struct err *err);

/* exporter_labels.c: the list `labels` of a metric or span, in the arena; null is no label. */
int exporter_labels(struct arena *arena, const struct yaml_node *list, bool is_metric,
		    const struct recipe_label **ret, size_t *ret_count, struct err *err);

#endif
