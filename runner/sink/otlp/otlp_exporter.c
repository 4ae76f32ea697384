// SPDX-License-Identifier: Apache-2.0
/* OTLP as the commands know it: its options, and the variables of the environment. */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/sink/exporter.h"
#include "runner/sink/otlp/otlp.h"

#define VARIABLES_MAX_BYTES 1024

static bool otlp_wanted(const void *args)
{
	return ((const struct otlp_flags *)args)->url != NULL;
}

static const char *get_variable(void *ctx, const char *name)
{
	return getenv(name);
}

/* Warns of variables that are set and have no effect. */
static void warn_of_variables(void)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT(VARIABLES_MAX_BYTES);

	for (char **v = environ; *v; v++) {
		size_t len = strcspn(*v, "=");

		if (!otlp_variable_is_unknown(*v, len) || !(*v)[len] || !(*v)[len + 1])
			continue;
		strbuf_adds(&names, names.len ? ", " : "");
		strbuf_add(&names, *v, len);
	}
	if (names.len)
		log_warn("not honoured: %s", strbuf_str(&names));
}

/* The environment turns OTLP on for programs that run; for a recording only the option does. */
static int otlp_new(struct sink **ret, const void *args, const struct export_env *env,
		    struct err *err)
{
	_cleanup_(otlp_config_release) struct otlp_config config = { 0 };
	int code;

	if (env->recorded && !otlp_wanted(args))
		return 0;
	code = otlp_config_read(&config, args, get_variable, NULL, err);
	if (code < 0 || !otlp_config_is_on(&config))
		return code;
	warn_of_variables();
	*ret = sink_otlp_new(&config, &env->naming, env->figures);
	return 0;
}

#define ARG(member) offsetof(struct otlp_flags, member)
static const struct opt otlp_opts[] = {
	{ .name = "otlp",
	  .arg = "URL",
	  .kind = OPT_OPTIONAL,
	  .offset = ARG(url),
	  .help = "send spans, log records and metrics to an OTLP receiver (http://localhost:4318, "
		  "or OTEL_EXPORTER_OTLP_ENDPOINT, which turns it on as well where programs run)",
	  .choices = "",
	  .key = "url" },
	{ .name = "otlp-protocol",
	  .arg = "WORD",
	  .kind = OPT_CHOICE,
	  .offset = ARG(protocol),
	  .help = "http/protobuf, http/json or grpc (http/protobuf)",
	  .choices = "http/protobuf http/json grpc",
	  .key = "protocol" },
	{ 0 },
};

const struct exporter exporter_otlp = {
	.name = "otlp",
	.type = "otlp",
	.group = "OpenTelemetry",
	.opts = otlp_opts,
	.args_bytes = sizeof(struct otlp_flags),
	.wanted = otlp_wanted,
	.new = otlp_new,
};
