/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a program with a test's input, by BPF_PROG_TEST_RUN, attached to nothing. */
#ifndef BOMBUS_CMD_AUTHOR_TEST_INPUT_H
#define BOMBUS_CMD_AUTHOR_TEST_INPUT_H

#include "cmd/author/test_file.h"

struct program;

/* What the program returned; the rows of its maps go to `fd` as lines of JSON. EXIT_KERNEL where
 * the kernel refuses the program or the input. */
int test_input_run(const struct program *program, const struct test_case *test, int fd,
		   uint32_t *ret_returned, struct err *err);

#endif
