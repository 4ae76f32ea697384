/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML document of bytes from outside as a tree, with the place of each key and value, read with
 * libyaml, which is loaded for it.
 *
 * Bounded: YAML_MAX_BYTES, YAML_MAX_DEPTH, YAML_MAX_NODES. Anchors, aliases, tags, merge keys, a
 * second document, a key that stands twice and a NUL in a text are refused. Every error is
 * EXIT_USAGE and reads "FILE:LINE:COLUMN: what".
 *
 * The getters check a node's type and set *ret only on success. They take text with or without
 * quotes for all types: "8080" is a number, too. A value that is empty, "~" or "null" without
 * quotes is null; yaml_get() does not find it, so a key without a value counts as not given.
 */
#ifndef BOMBUS_BASE_YAML_H
#define BOMBUS_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"

struct err;

#define YAML_MAX_BYTES (1u << 20)
#define YAML_MAX_DEPTH 32
#define YAML_MAX_NODES 65536

enum yaml_kind {
	YAML_TEXT,
	YAML_LIST,
	YAML_MAP,
};

struct yaml_node {
	enum yaml_kind kind;
	unsigned line, column; /* from 1 */
	const char *path;      /* of the file, for messages */
	bool plain;	       /* a text without quotes */
	const char *text;      /* of YAML_TEXT, else NULL */
	struct yaml_node *key; /* of a value in a mapping: its YAML_TEXT */
	struct yaml_node *first, *next;
	size_t count; /* entries of a list or mapping */
};

/* Zeroed: nothing was read. */
struct yaml {
	struct arena arena;
	struct yaml_node *root; /* an empty document: null */
};

/* `name` stands for the bytes in messages. */
int yaml_parse(struct yaml *ret, const char *name, const char *bytes, size_t len, struct err *err);
int yaml_read(struct yaml *ret, const char *path, struct err *err);
void yaml_release(struct yaml *yaml);

/*
 * Replaces ${NAME} and ${NAME:-text} in all values (not keys) by environment variables; text
 * stands for a variable that is not set or empty. $${ is a "${". A variable that is not set and
 * has no such text is an error.
 */
int yaml_expand(struct yaml *yaml, struct err *err);

bool yaml_is_null(const struct yaml_node *node); /* NULL is null, too */

/* The value of a key; NULL: it has none, or `map` is null. `map` is a mapping or null. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* Null passes as an empty mapping or list, whose entries are node->first and ->next. */
int yaml_map(const struct yaml_node *node, struct err *err);
int yaml_list(const struct yaml_node *node, struct err *err);

/* A mapping of no other keys than these; the nearest one is the hint. */
int yaml_keys(const struct yaml_node *map, const char *const *keys, size_t count, struct err *err);
int yaml_unknown_key(const struct yaml_node *value, const char *near, struct err *err);

int yaml_text(const struct yaml_node *node, const char **ret, struct err *err);
int yaml_bool(const struct yaml_node *node, bool *ret, struct err *err);
/* Both ends are included; max 0: there is no limit. */
int yaml_u64(const struct yaml_node *node, uint64_t min, uint64_t max, uint64_t *ret,
	     struct err *err);
int yaml_double(const struct yaml_node *node, double *ret, struct err *err);
int yaml_size(const struct yaml_node *node, uint64_t *ret, struct err *err); /* bytes: 4M */
int yaml_duration_ns(const struct yaml_node *node, uint64_t *ret, struct err *err);

/* "FILE:LINE:COLUMN: " before the message. */
int yaml_refuse(const struct yaml_node *node, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int yaml_refuse_key(const struct yaml_node *value, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
