/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of this process about itself ("bombus_scrapes_total"). Each module has a table of its
 * own figures: name, help, unit, type and a getter. It adds the table together with the object that
 * the figures are of. Outputs walk over all figures and know no module.
 *
 *	static bool get_sent(const void *of, struct figure_value *ret)
 *	{
 *		const struct counts *counts = of;
 *
 *		return figure_count(ret, counts->sent);
 *	}
 *	static const struct own_figure figures[] = {
 *		{ "bombus_otlp_sent_total", "Items that the receiver took.", "", FIGURE_COUNTER,
 *		  get_sent },
 *	};
 *	const struct figure_table queue_figures = { figures, ARRAY_LEN(figures), FIGURES_OTLP, each
 *};
 *
 * One table may be added with several objects: a figure's values then stand together, as formats
 * want it. Any thread may call these functions; tables are immutable, and the getters run with the
 * lock of the registry, so that an object is in use by none once it was removed.
 */
#ifndef BOMBUS_BASE_FIGURES_H
#define BOMBUS_BASE_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum figure_type { FIGURE_COUNTER, FIGURE_GAUGE };

/* The order of tables in an output. */
enum figures_order {
	FIGURES_BUILD,
	FIGURES_PROGRAMS, /* loaded objects */
	FIGURES_MAPS,
	FIGURES_FUNCTIONS, /* what is attached */
	FIGURES_SCRAPES,
	FIGURES_PAGE,
	FIGURES_OTLP,
	FIGURES_OTLP_DROPS,
	FIGURES_DOGSTATSD,
	FIGURES_DOGSTATSD_DROPS,
	FIGURES_PROCESS,
};

struct figure_value {
	union {
		uint64_t count;
		double number;
	};
	bool is_number;
	double scale; /* exported = count * scale */
};

struct figure_label {
	const char *name, *text;
};

struct own_figure {
	const char *name; /* whole: with prefix, unit and _total */
	const char *help;
	const char *unit; /* "seconds"; "": none */
	enum figure_type type;
	/* `of` is what the table's each() hands out. False: this one has no such figure. */
	bool (*get)(const void *of, struct figure_value *ret);
};

/* Takes one object that has the figure. */
struct figure_visit {
	void (*visit)(struct figure_visit *visit, const void *of, const struct figure_label *labels,
		      size_t nlabels);
};

struct figure_table {
	const struct own_figure *figures;
	size_t count;
	enum figures_order order;
	/* Calls visit() for each object of `ctx` that may have the figure, with its labels. NULL:
	 * `ctx` itself is the object, and has no labels. */
	void (*each)(void *ctx, const struct own_figure *figure, struct figure_visit *visit);
};

/* For getters: a count, a count in a unit that is scaled, and a floating-point number. */
static inline bool figure_count(struct figure_value *ret, uint64_t count)
{
	*ret = (struct figure_value){ .count = count, .scale = 1 };
	return true;
}
static inline bool figure_scaled(struct figure_value *ret, uint64_t count, double scale)
{
	*ret = (struct figure_value){ .count = count, .scale = scale };
	return true;
}
static inline bool figure_number(struct figure_value *ret, double number)
{
	*ret = (struct figure_value){ .number = number, .is_number = true, .scale = 1 };
	return true;
}

struct figures;
struct figures *figures_new(void);
void figures_free(struct figures *figures); /* NULL is allowed */

/*
 * Both take NULL for no registry. `table` and `ctx` are borrowed until they are removed. Several
 * owners may add the same table of an object: it is there once, until each has removed it.
 */
void figures_add(struct figures *figures, const struct figure_table *table, void *ctx);
void figures_remove(struct figures *figures, const void *ctx); /* with all its tables */

/* Hands out figure `nth`, with all its objects. False: there is none of this number. */
typedef void (*figure_fn)(void *arg, const struct own_figure *figure,
			  const struct figure_label *labels, size_t nlabels,
			  const struct figure_value *value);
bool figures_walk(struct figures *figures, size_t nth, figure_fn fn, void *arg);

extern const struct figure_table build_figures; /* ctx: NULL */

#endif
