// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "cmd/cmd.h"

bool want_color(const struct global_args *global, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (global->color && !streq(global->color, "auto"))
		return streq(global->color, "always");
	return isatty(fd) && !(no_color && *no_color) && term && !streq(term, "dumb");
}
