// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "cmd/cmd.h"

struct version_args {
	const char *format;
};

static int run_version(const struct global_args *global, void *args, const struct words *words,
		       struct err *err)
{
	const struct version_args *a = args;

	if (a && a->format && streq(a->format, "json"))
		printf("{\"version\":\"%s\"}\n", BOMBUS_VERSION);
	else
		printf("bombus %s\n", BOMBUS_VERSION);
	return 0;
}

static const struct opt version_opts[] = {
	{ 0, "format", "FORM", OPT_CHOICE, offsetof(struct version_args, format), "text or json",
	  "text json" },
	{ 0 },
};

const struct command cmd_version = {
	.name = "version",
	.usage = "",
	.summary = "the version of bombus",
	.examples = "bombus version --format json",
	.opts = version_opts,
	.args_bytes = sizeof(struct version_args),
	.run = run_version,
};
