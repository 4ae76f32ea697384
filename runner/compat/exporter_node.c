// SPDX-License-Identifier: Apache-2.0
/* Mappings of a configuration: their keys, and where they stand. */
#include <errno.h>

#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/compat/exporter_internal.h"

struct recipe_place exporter_place(const struct yaml_node *node)
{
	return (struct recipe_place){ node->path, node->line, node->column };
}

int exporter_keys(const struct yaml_node *map, const char *const *keys, size_t count,
		  struct err *err)
{
	int rc = yaml_map(map, err);

	for (const struct yaml_node *n = map->first; n && rc == 0; n = n->next) {
		const char *near;
		size_t i = 0;

		while (i < count && !streq(keys[i], n->key->text))
			i++;
		if (i < count)
			continue;
		near = suggest_from(n->key->text, keys, count);
		if (near)
			return yaml_unknown_key(n, near, err);
		log_warn("%s:%u:%u: '%.64s' is not known here, and does nothing", n->path,
			 n->key->line, n->key->column, n->key->text);
	}
	return rc;
}

int exporter_need(const struct yaml_node *map, const char *key, const char *what,
		  const struct yaml_node **ret, struct err *err)
{
	*ret = yaml_get(map, key);
	if (*ret)
		return 0;
	return yaml_refuse(map, err, "%s needs '%s'", what, key);
}
