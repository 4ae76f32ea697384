/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, read by tables of options (base/option.h).
 *
 * "--name value", "--name=value", "-nvalue", "-n value" are taken, single letters without a value
 * can stand together, "--" ends the options, and options may follow positional words.
 */
#ifndef BOMBUS_CMD_OPTS_H
#define BOMBUS_CMD_OPTS_H

#include "base/option.h"

struct opt_set {
	const struct opt *opts; /* NULL: none */
	void *values;
};

/*
 * Parses argv[0..argc) into the values of the first set that has the option. Positional words are
 * collected. EXIT_USAGE with the nearest option as hint.
 */
int opts_parse(const struct opt_set *sets, size_t nsets, int argc, char **argv,
	       struct words *positional, struct err *err);

#endif
