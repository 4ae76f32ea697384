// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/keys.h"

#include <errno.h>
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
	{ 0, "config_dir", "DIR", OPT_TEXT, ARG(config_dir),
	  "folder of configurations for ebpf_exporter, NAME.yaml with NAME.bpf.o (.)" },
	{ 0, "config_names", "NAME", OPT_CSV, ARG(config_names),
	  "which of these run, as programs of these names" },
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
	unsigned place;
	const struct opt *opts;
} own_tables[] = {
	{ KEY_TOP, top_opts },
	{ KEY_PROGRAM, program_opts },
	{ KEY_EXPORT(EXPORT_json), json_opts },
};

/* Options of run whose key stands elsewhere than in a program, or is missing. */
static const struct {
	const char *option;
	unsigned places;
	const char *missing; /* why there is no key */
} others[] = {
	{ "output", 0, "exporters" },
	{ "no-tty", 0, "no terminal" },
	{ "count", 0, "the agent goes on" },
	{ "duration", 0, "the agent goes on" },
	{ "once", 0, "the agent goes on" },
	{ "record", 0, "of run alone" },
	{ "force", 0, "of run alone" },
	{ "trace-pipe", 0, "of run alone" },
	{ "keep-going", 0, "always" },
	{ "dry-run", 0, "agent --check" },
	{ "cflags", 0, "no compiler" },
	{ "watch", 0, "no compiler" },
	{ "keep-caps", 0, "the loader has them" },
	{ "user", 0, "User= of the unit" },
	{ "pull", 0, "pull of the program" },
	{ "interval", KEY_TOP | KEY_PROGRAM, NULL },
	{ "namespace", KEY_TOP, NULL },
	{ "usual-priority", KEY_TOP, NULL },
	{ "inlines", KEY_TOP, NULL },
	{ "compat", KEY_TOP, NULL },
	{ "enrich", KEY_TOP | KEY_PROGRAM, NULL },
	{ "runtime-state", KEY_TOP, NULL },
	{ "max-memory", KEY_TOP, NULL },
	{ "max-series", KEY_TOP | KEY_PROGRAM, NULL },
	{ "series-ttl", KEY_TOP | KEY_PROGRAM, NULL },
	{ "plain-http", KEY_TOP | KEY_PROGRAM, NULL },
	{ "insecure", KEY_TOP | KEY_PROGRAM, NULL },
	{ "ca-file", KEY_TOP | KEY_PROGRAM, NULL },
	{ "cert", KEY_TOP | KEY_PROGRAM, NULL },
	{ "key", KEY_TOP | KEY_PROGRAM, NULL },
	{ "authfile", KEY_TOP | KEY_PROGRAM, NULL },
	{ "retries", KEY_TOP | KEY_PROGRAM, NULL },
};

unsigned key_places(const struct opt *opt)
{
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (streq(others[i].option, opt->name))
			return others[i].places;
	return KEY_PROGRAM;
}

const char *key_missing(const struct opt *opt)
{
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (streq(others[i].option, opt->name))
			return others[i].missing;
	return NULL;
}

struct keys {
	struct key *all;
	size_t count;
	struct strbuf *names;
};

static void add_key(struct keys *keys, const struct opt *o, enum key_owner owner)
{
	const char *name = o->key ? o->key : o->name;

	if (keys->count == KEYS_MAX)
		return;
	keys->all[keys->count++] = (struct key){ keys->names->buf + keys->names->len, o, owner };
	for (; *name; name++)
		strbuf_addc(keys->names, *name == '-' ? '_' : *name);
	strbuf_add(keys->names, "", 1);
}

size_t keys_of(unsigned place, struct key ret[KEYS_MAX], struct strbuf *names)
{
	struct keys keys = { ret, 0, names };

	/* Room for all, so that no name moves. */
	strbuf_reserve(names, 64 * KEYS_MAX);
	for (size_t i = 0; i < ARRAY_LEN(own_tables); i++)
		for (const struct opt *o = own_tables[i].opts;
		     o->kind != OPT_END && own_tables[i].place == place; o++)
			add_key(&keys, o, KEY_OWN);
	for (size_t i = 0; i < EXPORTERS_COUNT; i++)
		for (const struct opt *o = exporters[i]->opts;
		     o && o->kind != OPT_END && KEY_EXPORT(i) == place; o++)
			add_key(&keys, o, KEY_EXPORTER);
	for (const struct opt *o = run_opts; o->kind != OPT_END; o++)
		if (o->kind != OPT_GROUP && key_places(o) & place)
			add_key(&keys, o, KEY_RUN);
	return keys.count;
}

int key_exporter(const char *type)
{
	for (int i = 0; i < EXPORTERS_COUNT; i++) {
		const struct exporter *e = exporters[i];

		if (e->type && (streq(e->type, type) || (e->alias && streq(e->alias, type))))
			return i;
	}
	return -ENOENT;
}
