/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One place of the agent's configuration (the file, a program, an exporter): its mapping becomes
 * values by the keys of that place (cmd/agent/keys.h), and text for the identities by which a
 * reload sees what changed.
 */
#ifndef BOMBUS_CMD_AGENT_SECTION_H
#define BOMBUS_CMD_AGENT_SECTION_H

#include "cmd/agent/config.h"

struct err;

struct section {
	struct agent_config *config;
	unsigned place; /* enum key_place or KEY_EXPORT() */
	struct run_args *args;
	struct own_args *own;
	void *exporter;		 /* values of its options; NULL: another place */
	struct strbuf *identity; /* NULL: none */
	struct strbuf *defaults; /* of programs; NULL: none */
	struct key keys[KEYS_MAX];
	size_t count;
	struct strbuf names;
	const char *const *more; /* keys that are read elsewhere */
	size_t nmore;
	struct err *err;
};

/* The caller has set all members but `keys`, `count` and `names`. */
void section_init(struct section *section, unsigned place);
void section_release(struct section *section);
/* An unknown key is refused with the nearest name. */
int section_read(struct section *section, const struct yaml_node *map);

#endif
