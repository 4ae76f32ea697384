/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options as tables. The parser of the command line (cmd/opts.h), the reader of the agent's
 * configuration, help, completions and the schema all use the same table, so that they cannot drift
 * apart.
 *
 * A value goes to a member of the owner's struct, named by its offset:
 *
 *	struct run_args { struct words where; uint64_t count; ... };
 *	{ 'n', "count", "COUNT", OPT_U64, offsetof(struct run_args, count), "leave after ..." }
 *
 * opt_set() refuses a number out of the table's range; its users need no check of their own.
 */
#ifndef BOMBUS_BASE_OPTION_H
#define BOMBUS_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum opt_kind {
	OPT_END = 0,
	OPT_GROUP,    /* a heading of the help: only `help` is set */
	OPT_FLAG,     /* bool */
	OPT_TEXT,     /* const char * */
	OPT_OPTIONAL, /* const char *: "--name" alone gives `choices`' first word, "--name=X" X */
	OPT_WORDS,    /* struct words: each time one more */
	OPT_CSV,      /* struct words: as OPT_WORDS, but a comma separates words as well */
	OPT_U64,      /* uint64_t */
	OPT_DURATION, /* uint64_t ns */
	OPT_SIZE,     /* uint64_t bytes */
	OPT_CHOICE,   /* const char *: one of the words in `choices` */
};

struct opt {
	char letter;	  /* 0: none */
	const char *name; /* without dashes */
	const char *arg;  /* "COUNT"; NULL for flags */
	uint8_t kind;
	size_t offset;
	const char *help;
	const char *choices;  /* OPT_CHOICE: "a b c"; OPT_OPTIONAL: the value without '=' */
	const char *complete; /* what shells offer: "file", "dir", "map", "param" (of the program),
			       * or words; NULL: nothing */
	uint64_t min, max;    /* of OPT_U64, OPT_DURATION, OPT_SIZE, both included; max 0: none */
	const char *key;      /* in the agent's configuration; NULL: `name` with '_' for '-' */
};

struct words {
	const char **words;
	size_t count;
	size_t behind; /* of a command line: how many stand behind "--" */
};
void words_add(struct words *words, const char *word);
void words_release(struct words *words); /* the words themselves are borrowed */

/* Sets one option that takes a value; `shown` is its name in messages. `text` is cut up by OPT_CSV,
 * and borrowed. EXIT_USAGE. */
int opt_set(const struct opt *opt, void *values, const char *shown, char *text, struct err *err);

/* The lists in `values`. NULL options: nothing. */
void opts_release(const struct opt *opts, void *values);

#endif
