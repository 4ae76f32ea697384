// SPDX-License-Identifier: Apache-2.0
/* YAML, of any bytes. A tree that is accepted is as its header says: bounded, with places. */
#include <stdlib.h>
#include "base/err.h"
#include "base/util.h"
#include "base/yaml.h"

static size_t check(const struct yaml_node *node, unsigned depth)
{
	size_t count = 0, nodes = 1;
	struct err err = { 0 };
	uint64_t number;

	if (depth > YAML_MAX_DEPTH || !node->line || !node->column)
		abort();
	if ((node->kind == YAML_TEXT) != !!node->text || (node->text && node->first))
		abort();
	for (const struct yaml_node *child = node->first; child; child = child->next) {
		if ((node->kind == YAML_MAP) != !!child->key)
			abort();
		if (child->key && !yaml_is_null(child) && yaml_get(node, child->key->text) != child)
			abort();
		nodes += check(child, depth + 1) + !!child->key;
		count++;
	}
	if (count != node->count)
		abort();
	if (yaml_u64(node, 1, 9, &number, &err) == 0 ? number < 1 || number > 9 : !err.msg[0])
		abort();
	return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct yaml yaml;

	if (yaml_parse(&yaml, "f", (const char *)data, size, &err) == 0) {
		if (check(yaml.root, 0) > YAML_MAX_NODES)
			abort();
		if (yaml_expand(&yaml, &err) == 0)
			check(yaml.root, 0);
	} else if (strncmp(err.msg, "f:", 2) != 0) {
		abort();
	}
	yaml_release(&yaml);
	return 0;
}
