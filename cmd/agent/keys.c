// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/keys.h"

#include <stddef.h>

#include "base/util.h"

#define ARG(member) offsetof(struct own_args, member)
static const struct opt top_opts[] = {
	{ 0, "log_level", "LEVEL", OPT_CHOICE, ARG(log_level), "which messages are written (info)",
	  "error warn info debug" },
	{ 0, "log_format", "FORM", OPT_CHOICE, ARG(log_format),
	  "how messages are written: text, or json with one object a line (text)", "text json" },
	{ 0, "reload", NULL, OPT_FLAG, ARG(reload),
	  "POST to /-/reload reads the configuration anew (false)" },
	{ 0 },
};
static const struct opt program_opts[] = {
	{ 0, "image", "IMAGE", OPT_TEXT, ARG(image),
	  "the program: an image's name, or the path of an object file" },
	{ 0, "name", "NAME", OPT_TEXT, ARG(name),
	  "its name in every output (the last part of the image's)" },
	{ 0, "pull", "WHEN", OPT_TEXT, ARG(pull),
	  "always, missing, never, or a time such as 10m: how often a moving tag is asked for "
	  "(missing)" },
	{ 0, "exporters", "TYPE", OPT_CSV, ARG(exporters), "only these exporters (all)" },
	{ 0 },
};
static const struct opt prometheus_opts[] = {
	{ 0, "listen", "ADDR", OPT_TEXT, ARG(listen),
	  "address of the HTTP server (127.0.0.1:9091)" },
	{ 0 },
};
static const struct opt json_opts[] = {
	{ 0, "file", "FILE", OPT_TEXT, ARG(file), "path of the file; - is standard output (-)" },
	{ 0, "max_size", "SIZE", OPT_SIZE, ARG(max_bytes),
	  "a file of this size is renamed, and a new one begun (0: never)" },
	{ 0, "max_age", "TIME", OPT_DURATION, ARG(max_age_ns),
	  "a file of this age is renamed, and a new one begun (0: never)" },
	{ 0, "keep", "N", OPT_U64, ARG(keep), "how many renamed files stay (5)", .min = 1,
	  .max = 1000 },
	{ 0 },
};

static const struct {
	enum key_place place;
	const struct opt *opts;
} own_tables[] = {
	{ KEY_TOP, top_opts },
	{ KEY_PROGRAM, program_opts },
	{ KEY_PROMETHEUS, prometheus_opts },
	{ KEY_JSON, json_opts },
};

/* "datadog" is another word for dogstatsd. */
const struct exporter_type exporter_types[EXPORTER_TYPES] = {
	{ "prometheus", KEY_PROMETHEUS, "metrics", "prometheus", NULL },
	{ "otlp", KEY_OTLP, "otlp", "otlp", "otlp" },
	{ "json", KEY_JSON, NULL, "json", NULL },
	{ "dogstatsd", KEY_DOGSTATSD, "dogstatsd", "dogstatsd", "dogstatsd" },
	{ "datadog", KEY_DOGSTATSD, "dogstatsd", "dogstatsd", "dogstatsd" },
};

/* Options of run whose key stands elsewhere than in a program, has another name, or is missing. */
static const struct {
	const char *option;
	unsigned places;
	const char *key;     /* NULL: the option's name */
	const char *missing; /* why there is no key */
} others[] = {
	{ "output", 0, NULL, "exporters" },
	{ "no-tty", 0, NULL, "no terminal" },
	{ "theme", 0, NULL, "no terminal" },
	{ "history", 0, NULL, "no terminal" },
	{ "count", 0, NULL, "the agent goes on" },
	{ "duration", 0, NULL, "the agent goes on" },
	{ "once", 0, NULL, "the agent goes on" },
	{ "record", 0, NULL, "of run alone" },
	{ "force", 0, NULL, "of run alone" },
	{ "trace-pipe", 0, NULL, "of run alone" },
	{ "keep-going", 0, NULL, "always" },
	{ "dry-run", 0, NULL, "agent --check" },
	{ "keep-caps", 0, NULL, "the loader has them" },
	{ "user", 0, NULL, "User= of the unit" },
	{ "metrics", 0, NULL, "listen of the exporter prometheus" },
	{ "pull", 0, NULL, "pull of the program" },
	{ "name", KEY_PROGRAM, "map_name", NULL },
	{ "names", KEY_JSON, NULL, NULL },
	{ "interval", KEY_TOP | KEY_PROGRAM, NULL, NULL },
	{ "prom-port", KEY_PROMETHEUS, "port", NULL },
	{ "web-config", KEY_PROMETHEUS, NULL, NULL },
	{ "namespace", KEY_TOP, NULL, NULL },
	{ "compat", KEY_TOP, NULL, NULL },
	{ "max-memory", KEY_TOP, NULL, NULL },
	{ "max-series", KEY_TOP | KEY_PROGRAM, NULL, NULL },
	{ "series-ttl", KEY_TOP | KEY_PROGRAM, NULL, NULL },
	{ "otlp", KEY_OTLP, "url", NULL },
	{ "otlp-protocol", KEY_OTLP, "protocol", NULL },
	{ "dogstatsd", KEY_DOGSTATSD, "host", NULL },
	{ "dogstatsd-tag", KEY_DOGSTATSD, "tags", NULL },
	{ "dogstatsd-interval", KEY_DOGSTATSD, "interval", NULL },
	{ "dogstatsd-histograms", KEY_DOGSTATSD, "histograms", NULL },
	{ "plain-http", KEY_TOP | KEY_PROGRAM, NULL, NULL },
	{ "insecure", KEY_TOP | KEY_PROGRAM, NULL, NULL },
	{ "ca-file", KEY_TOP | KEY_PROGRAM, NULL, NULL },
	{ "cert", KEY_TOP | KEY_PROGRAM, NULL, NULL },
	{ "key", KEY_TOP | KEY_PROGRAM, NULL, NULL },
	{ "authfile", KEY_TOP | KEY_PROGRAM, NULL, NULL },
	{ "retries", KEY_TOP | KEY_PROGRAM, NULL, NULL },
};

static unsigned places_of(const struct opt *opt, const char **ret_name, const char **ret_missing)
{
	*ret_name = opt->name;
	*ret_missing = NULL;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (!streq(others[i].option, opt->name))
			continue;
		*ret_name = others[i].key ? others[i].key : opt->name;
		*ret_missing = others[i].missing;
		return others[i].places;
	}
	return KEY_PROGRAM;
}

unsigned key_places(const struct opt *opt)
{
	const char *name, *missing;

	return places_of(opt, &name, &missing);
}

const char *key_missing(const struct opt *opt)
{
	const char *name, *missing;

	places_of(opt, &name, &missing);
	return missing;
}

size_t keys_of(enum key_place place, struct key ret[KEYS_MAX], struct strbuf *names)
{
	size_t count = 0;
	const char *name, *missing;

	for (size_t i = 0; i < ARRAY_LEN(own_tables); i++)
		for (const struct opt *o = own_tables[i].opts;
		     o->kind != OPT_END && own_tables[i].place == place && count < KEYS_MAX; o++)
			ret[count++] = (struct key){ o->name, o, true };
	/* Room for all, so that no name moves. */
	strbuf_reserve(names, 64 * KEYS_MAX);
	for (const struct opt *o = run_opts; o->kind != OPT_END && count < KEYS_MAX; o++) {
		if (o->kind == OPT_GROUP || !(places_of(o, &name, &missing) & place))
			continue;
		ret[count++] = (struct key){ names->buf + names->len, o, false };
		for (; *name; name++)
			strbuf_addc(names, *name == '-' ? '_' : *name);
		strbuf_add(names, "", 1);
	}
	return count;
}
