/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `run` and `replay` show, serve and send with: a row for each. A new sink is a file of its
 * own and a row here; the word of a form is then taken by -o, in help and in completions.
 */
#ifndef BOMBUS_CMD_RUN_EXPORTERS_H
#define BOMBUS_CMD_RUN_EXPORTERS_H

#include "cmd/run/run_args.h"
#include "runner/sink/sink.h"

struct err;
struct figures;

/*
 * The forms of -o, in the order of its help. A plain one is made by sink_<word>_new(int fd), the
 * others by new_<word>() of exporters.c.
 */
/* clang-format off */
#define EXPORT_FORMS(own, plain)			\
	own(tui, "tui (the live table)")		\
	own(table, "table")				\
	own(json, "json (one object a line)")		\
	plain(csv, "csv")
/* clang-format on */

/* The option that takes one of them. */
#define EXPORT_FORM_WORD(word, help) #word " "
#define EXPORT_FORM_HELP(word, help) help ", "
#define EXPORT_FORM_OPT(at)                                                                        \
	{                                                                                          \
		.letter = 'o', .name = "output", .arg = "FORM", .kind = OPT_CHOICE,                \
		.offset = (at),                                                                    \
		.help = EXPORT_FORMS(EXPORT_FORM_HELP,                                             \
				     EXPORT_FORM_HELP) "or none; a terminal "                      \
						       "gets the live table, else json",           \
		.choices = EXPORT_FORMS(EXPORT_FORM_WORD, EXPORT_FORM_WORD) "none",                \
	}

struct export_env {
	const struct global_args *global;
	const struct run_args *args;
	struct figures *figures;	      /* of bombus itself */
	const struct prometheus_hooks *hooks; /* of the pages; NULL: none */
	int listen_fd;			      /* listens already; 0: none */
	bool has_reload;		      /* hooks->reload has a page */
	struct files *files;		      /* make what is written; NULL: this process */
	bool recorded;			      /* a recording is played; nothing runs */
};

struct exporter {
	const char *name;
	bool is_form; /* a word of -o, which takes one; the others come where they are asked for */
	/* *ret stays NULL where it is not asked for. */
	int (*new)(struct sink **ret, const struct export_env *env, struct err *err);
	void (*opened)(const struct sink *sink, const struct export_env *env); /* NULL: nothing */
};
#define EXPORTERS_MAX 16 /* rows */
/* Ends with a row without a name. */
extern const struct exporter exporters[];

#endif
