/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the agent's configuration. Each is an option: those of `run` come from its own table
 * (run_opts) and those of the exporters, so that what is a flag there is a key here with the same
 * type, range and help; the agent's own stand in tables of the same kind. Reader and schema walk
 * over the same keys.
 */
#ifndef BOMBUS_CMD_AGENT_KEYS_H
#define BOMBUS_CMD_AGENT_KEYS_H

#include "base/strbuf.h"
#include "cmd/run/exporters.h"
#include "cmd/run/run_args.h"

/* Where a key stands; bits. */
enum key_place {
	KEY_TOP = 1,	 /* of the file: for the process, or the default of all programs */
	KEY_PROGRAM = 2, /* of one program */
};
#define KEY_EXPORT(exporter) (4u << (exporter)) /* by its number, see cmd/run/exporters.h */

/* What has no option of run. */
struct own_args {
	const char *log_level, *log_format;
	bool reload;
	const char *config_dir;
	struct words config_names;
	/* Of a program. */
	const char *image, *name, *pull;
	struct words exporters;
	/* Of an exporter. */
	const char *file;
	uint64_t max_bytes, max_age_ns, keep;
};

/* The struct that has its value as a member. */
enum key_owner {
	KEY_RUN,      /* struct run_args */
	KEY_OWN,      /* struct own_args */
	KEY_EXPORTER, /* the exporter's own */
};

struct key {
	const char *name;
	const struct opt *opt;
	enum key_owner owner;
};

#define KEYS_MAX 96
/* The keys of a place, in the order of their tables; the names are in `names`. */
size_t keys_of(unsigned place, struct key ret[KEYS_MAX], struct strbuf *names);

/* A set of enum key_place: where an option of run is a key. */
unsigned key_places(const struct opt *opt);
/* Why an option of run has no key; NULL: it has one. */
const char *key_missing(const struct opt *opt);

/* The number of the exporter that a type or another word for it names; -ENOENT. */
int key_exporter(const char *type);

/* JSON Schema of the configuration, malloc'ed. */
char *keys_schema(void);

#endif
