/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of a program: a YAML file, as spec/test.md describes it. */
#ifndef BOMBUS_CMD_AUTHOR_TEST_FILE_H
#define BOMBUS_CMD_AUTHOR_TEST_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/option.h"
#include "base/yaml.h"

struct test_case {
	const char *name;
	const struct yaml_node *node;
	/* One of these three. */
	const char *program;
	const char *replay; /* path, as from the working directory */
	struct words command;
	/* Of `program`. */
	void *packet, *context;
	size_t packet_bytes, context_bytes;
	uint64_t repeat;
	bool has_returns;
	uint32_t returns;

	struct words set;	    /* VAR=VALUE */
	const char *where;	    /* NULL: none */
	struct yaml_node *rows;	    /* by map: exactly these */
	struct yaml_node *contains; /* by map: these and others */
};

struct test_file {
	struct yaml yaml;
	struct arena arena;
	struct test_case *cases;
	size_t count;
};

/* EXIT_USAGE with the line where the file is wrong. test_file_release() after either. */
int test_file_read(struct test_file *ret, const char *path, struct err *err);
void test_file_release(struct test_file *file);

#endif
