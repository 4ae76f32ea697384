/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outputs of `run`, `replay` and `agent`. A new output is a file that ends with its exporter
 * (runner/sink/exporter.h), and a row here: `form` for a word of -o with its help, `other` for an
 * output that its own options turn on.
 */
#ifndef BOMBUS_CMD_RUN_EXPORTERS_H
#define BOMBUS_CMD_RUN_EXPORTERS_H

#include "runner/sink/exporter.h"

/* clang-format off */
#define EXPORTERS(form, other)				\
	form(tui, "tui (the live table)")		\
	form(table, "table")				\
	form(json, "json (one object a line)")		\
	form(csv, "csv")				\
	other(view, "")					\
	other(trap, "")					\
	other(prometheus, "")				\
	other(otlp, "")					\
	other(dogstatsd, "")				\
	other(folded, "")				\
	other(pprof, "")				\
	other(flamegraph, "")
/* clang-format on */

#define EXPORTER_NUMBER(name, help) EXPORT_##name,
enum { EXPORTERS(EXPORTER_NUMBER, EXPORTER_NUMBER) EXPORTERS_COUNT };
#define EXPORTER_DECLARED(name, help) extern const struct exporter exporter_##name;
EXPORTERS(EXPORTER_DECLARED, EXPORTER_DECLARED)

/* In the order of the rows. */
extern const struct exporter *const exporters[EXPORTERS_COUNT];

/* The option that takes a form. */
#define EXPORT_NOTHING(name, help)
#define EXPORT_FORM_WORD(name, help) #name " "
#define EXPORT_FORM_HELP(name, help) help ", "
#define EXPORT_FORM_OPT(at)                                                                        \
	{                                                                                          \
		.letter = 'o', .name = "output", .arg = "FORM", .kind = OPT_CHOICE,                \
		.offset = (at),                                                                    \
		.help = EXPORTERS(EXPORT_FORM_HELP,                                                \
				  EXPORT_NOTHING) "or none; a terminal "                           \
						  "gets the live table, else json",                \
		.choices = EXPORTERS(EXPORT_FORM_WORD, EXPORT_NOTHING) "none",                     \
	}

/* The values of their options. */
struct exports {
	void *args[EXPORTERS_COUNT]; /* NULL: it has no options */
};
void exports_init(struct exports *exports);
void exports_release(struct exports *exports); /* one that is zeroed as well */

/* Whether it may be open beside the form of -o. */
static inline bool exporter_is_beside(const struct exporter *exporter)
{
	return exporter->wanted && !exporter->in_place;
}

/* Whether the options ask for one that takes the place of the form. */
bool exports_in_place(const struct exports *exports);
/* Whether the options ask for one with which the live table is not the usual form. */
bool exports_no_screen(const struct exports *exports);
/* Whether one makes recordings, which is the form or that the options ask for. */
bool exports_record(const struct exports *exports, const char *form);
/* Whether the options ask for one beside the form that sends or serves; with `statistics`, one that
 * shows statistics. */
bool exports_wanted(const struct exports *exports, bool statistics);
/* Whether one writes a file. */
bool exports_write(const struct exports *exports);

#endif
