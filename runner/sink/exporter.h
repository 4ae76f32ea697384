/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output as the commands see it. The file of a sink ends with its exporter, and a row in
 * cmd/run/exporters.h makes it known. Help, completions, the agent's keys and their schema come
 * from the table of its options.
 */
#ifndef BOMBUS_RUNNER_SINK_EXPORTER_H
#define BOMBUS_RUNNER_SINK_EXPORTER_H

#include "base/option.h"
#include "runner/sink/sink.h"

struct files;
struct record_image;

struct export_env {
	struct naming naming;
	struct figures *figures;	      /* of bombus itself; NULL: none. Borrowed */
	const struct prometheus_hooks *hooks; /* of the pages; NULL: none. Borrowed */
	bool has_reload;		      /* hooks->reload has a page */
	int listen_fd;			      /* listens already; 0: none */
	bool recorded;			      /* a recording is played; nothing runs */
	struct files *files;		      /* create what is written; NULL: this process does */
	const char *form;		      /* chosen by -o; NULL: none */
	int in_fd, out_fd;		      /* where forms read keys and write. Borrowed */
	bool gives_fd;			      /* out_fd is taken over */
	uint32_t width_columns;		      /* of out_fd; 0: not limited */
	bool color;			      /* out_fd shows it */
	uint64_t interval_ns;		      /* between sweeps; 0: the usual */
	bool force;			      /* files that exist are replaced */
	const struct record_image *images;    /* for recordings of the programs. Borrowed */
	size_t nimages;
	const char *command; /* that began the run, for a shell; NULL: unknown. Borrowed */
};

struct exporter {
	const char *name;	/* its sink's */
	const char *type;	/* in the agent's configuration; NULL: it needs a terminal */
	const char *alias;	/* another word for the type; NULL: none */
	const char *group;	/* heading of its options */
	const struct opt *opts; /* in a struct of args_bytes; NULL: none. The agent sets the first
				 * one to its `choices` where the type stands alone */
	size_t args_bytes;
	bool statistics;  /* it shows what the kernel measures of programs */
	bool records;	  /* it makes recordings: it needs `images`, and `files` */
	bool writes_file; /* at the end; it opens no connection */
	bool no_screen;	  /* with it the live table is not the usual form */
	bool in_place;	  /* where its options ask for it, it takes the place of the form of -o */
	/* Whether its options ask for it. NULL: a form, which -o chooses. */
	bool (*wanted)(const void *args);
	/* *ret stays NULL where nothing asks for it. */
	int (*new)(struct sink **ret, const void *args, const struct export_env *env,
		   struct err *err);
	/* The listening socket that another sink with `args` takes over; 0: it makes its own.
	 * `always`: whatever the address is. NULL: it does not listen. */
	int (*keep)(struct sink *sink, const void *own_args, const void *args, bool always);
	/* After the run: what is wrong with how it ended, as an error. NULL: nothing is. */
	int (*ended)(const struct sink *sink, const void *args, struct err *err);
	/* When all outputs are open. NULL: nothing. */
	void (*opened)(const struct sink *sink, const void *args, const struct export_env *env);
};

#endif
