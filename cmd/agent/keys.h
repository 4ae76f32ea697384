/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the agent's configuration. Each is an option: those of `run` come from its own table
 * (run_opts), so that what is a flag there is a key here with the same type, range and help; the
 * agent's own stand in tables of the same kind. Reader and schema walk over the same keys.
 */
#ifndef BOMBUS_CMD_AGENT_KEYS_H
#define BOMBUS_CMD_AGENT_KEYS_H

#include "base/strbuf.h"
#include "cmd/run/run_args.h"

/* Where a key stands; bits. */
enum key_place {
	KEY_TOP = 1,	    /* of the file: for the process, or the default of all programs */
	KEY_PROGRAM = 2,    /* of one program */
	KEY_PROMETHEUS = 4, /* of the exporters */
	KEY_OTLP = 8,
	KEY_JSON = 16,
	KEY_DOGSTATSD = 32,
};

struct exporter_type {
	const char *name;
	enum key_place place;
	const char *row;    /* of the table of exporters of run */
	const char *sink;   /* its name */
	const char *option; /* that turns it on, where it takes a value or none */
};
#define EXPORTER_TYPES 5
extern const struct exporter_type exporter_types[EXPORTER_TYPES];

/* What has no option of run. */
struct own_args {
	const char *log_level, *log_format;
	bool reload;
	/* Of a program. */
	const char *image, *name, *pull;
	struct words exporters;
	/* Of an exporter. */
	const char *listen, *file;
	uint64_t max_bytes, max_age_ns, keep;
};

struct key {
	const char *name;
	const struct opt *opt;
	bool own; /* of struct own_args, else of struct run_args */
};

#define KEYS_MAX 96
/* The keys of a place, in the order of their tables; the names are in `names`. */
size_t keys_of(enum key_place place, struct key ret[KEYS_MAX], struct strbuf *names);

/* A set of enum key_place: where an option of run is a key. */
unsigned key_places(const struct opt *opt);
/* Why an option of run has no key; NULL: it has one. */
const char *key_missing(const struct opt *opt);

/* JSON Schema of the configuration, malloc'ed. */
char *keys_schema(void);

#endif
