/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands. Each file cmd/<name>.c ends with one descriptor; cmd/commands.c lists them in the order
 * of the help. Help, suggestions and completions are made from the descriptors.
 */
#ifndef BOMBUS_CMD_CMD_H
#define BOMBUS_CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "cmd/opts.h"

struct command;
struct exports;

/* The options before or after any command. */
struct global_args {
	bool verbose;
	bool quiet;
	bool help;
	const char *store;		       /* NULL: the default place */
	const char *config;		       /* NULL: the default place */
	const char *color;		       /* auto, always, never */
	const struct command *const *commands; /* all of them, NULL at the end */
	const struct exports *exports;	       /* values of the options of exporters */
};

struct command {
	const char *name;
	const char *alias; /* NULL: none */
	const char *usage; /* "IMAGE|FILE.o|-": behind the name and [OPTIONS] */
	const char *summary;
	const char *about;	  /* a paragraph or more */
	const char *examples;	  /* lines; help indents them */
	const char *environment;  /* lines "NAME  what"; NULL: none */
	const struct opt *opts;	  /* ends with OPT_END; NULL: none */
	size_t args_bytes;	  /* of the struct that opts fill; zeroed before */
	bool exports;		  /* it has the options of all exporters too */
	int min_words, max_words; /* positional; max -1: any number */
	const char *complete;	  /* positional words: "image", "stored" (an image of the user's
				     own), "file", "command" or a list; NULL */
	/* 0 or -errno with err; positive: exit status as it is */
	int (*run)(const struct global_args *global, void *args, const struct words *words,
		   struct err *err);
	/* More lines for `--help` behind a positional word (run IMAGE --help); NULL: none. */
	int (*help)(const struct global_args *global, const char *word, struct err *err);
};

extern const struct command cmd_run, cmd_replay, cmd_build, cmd_init, cmd_hooks, cmd_test, cmd_pull,
	cmd_push, cmd_list, cmd_inspect, cmd_tag, cmd_rm, cmd_prune, cmd_save, cmd_load, cmd_login,
	cmd_logout, cmd_dashboard, cmd_keygen, cmd_sign, cmd_verify, cmd_check, cmd_agent,
	cmd_version, cmd_help, cmd_completion, cmd_package, cmd_convert;

/* All commands, NULL at the end; main.c's. Others find them in struct global_args. */
extern const struct command *const all_commands[];
extern const struct opt global_opts[];

/* The command's tables of options with their headings, in the order of the help; a heading of NULL
 * goes on with the one before. Returns how many. */
#define COMMAND_TABLES_MAX 32
struct opt_table {
	const char *heading;
	const struct opt *opts;
};
size_t command_tables(const struct command *command, struct opt_table ret[COMMAND_TABLES_MAX]);

/* By name or alias; NULL: none. */
const struct command *command_find(const struct command *const *commands, const char *name);
const char *command_suggest(const struct command *const *commands, const char *typed);
void command_print_help(const struct command *command);
void print_overview(const struct command *const *commands);

/* Prints an error to standard error: detail, message, hint. Returns its exit status. */
int error_print(const struct err *err);

/* Whether standard error or output may be coloured: --color, NO_COLOR, TERM, isatty. */
bool want_color(const struct global_args *global, int fd);

/* --format of listings: "table", "json" or a template with {{.Field}}. */
struct column {
	const char *name; /* Field in templates and JSON; upper-cased as the heading */
	bool right;	  /* numbers */
	bool number;	  /* in JSON */
};
struct listing;
struct listing *listing_new(const char *format, const struct column *columns, size_t count,
			    struct err *err);
void listing_row(struct listing *listing, const char *const *cells); /* copied; NULL is "" */
int listing_end(struct listing *listing, struct err *err);	     /* prints and frees */

#endif
