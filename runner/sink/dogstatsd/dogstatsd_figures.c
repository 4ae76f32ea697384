// SPDX-License-Identifier: Apache-2.0
/*
 * The figures of bombus itself as lines. A figure is read with the lock of the registry, and sent
 * without it.
 */
#include <xxhash.h>

#include "base/figures.h"
#include "base/util.h"
#include "runner/sink/deltas.h"
#include "runner/sink/dogstatsd/dogstatsd_config.h"
#include "runner/sink/dogstatsd/dogstatsd_line.h"
#include "runner/sink/dogstatsd/dogstatsd_series.h"

#define LINES_MAX_BYTES (4u << 20) /* of one figure, with all its objects */

struct line {
	size_t start, end;
	struct dogstatsd_mark mark;
};

struct dogstatsd_figures {
	const struct dogstatsd_config *config;
	struct figures *figures;
	struct deltas *before, *after; /* by the hash of a figure's name and tags */
	struct strbuf text, tags;
	struct line *lines;
	size_t nlines, room;
};

static struct deltas *new_table(void)
{
	return deltas_new(1, UINT32_MAX / 4);
}

struct dogstatsd_figures *dogstatsd_figures_new(const struct dogstatsd_config *config,
						struct figures *figures)
{
	struct dogstatsd_figures *f = xcalloc(1, sizeof(*f));

	f->config = config;
	f->figures = figures;
	f->before = new_table();
	f->after = new_table();
	strbuf_init(&f->text, LINES_MAX_BYTES);
	strbuf_init(&f->tags, LINES_MAX_BYTES);
	return f;
}

void dogstatsd_figures_free(struct dogstatsd_figures *f)
{
	if (!f)
		return;
	deltas_free(f->before);
	deltas_free(f->after);
	strbuf_release(&f->text);
	strbuf_release(&f->tags);
	free(f->lines);
	free(f);
}

/* Leaves the tags in f->tags. */
static uint64_t id_of(struct dogstatsd_figures *f, const struct own_figure *figure,
		      const struct figure_label *labels, size_t nlabels)
{
	strbuf_reset(&f->tags);
	strbuf_adds(&f->tags, f->config->tags);
	for (size_t i = 0; i < nlabels; i++)
		dogstatsd_add_tag(&f->tags, labels[i].name, labels[i].text, strlen(labels[i].text));
	return XXH3_64bits_withSeed(f->tags.len ? f->tags.buf : "", f->tags.len,
				    XXH3_64bits(figure->name, strlen(figure->name)));
}

/* The figure's value, or what was added to it since it was told. */
static struct dogstatsd_mark mark_of(struct dogstatsd_figures *f, const struct own_figure *figure,
				     uint64_t id, const struct figure_value *value)
{
	enum cell_type type = value->is_number ? CELL_DOUBLE : CELL_U64;
	struct dogstatsd_mark mark = { .type = type };
	union cell *told;
	bool known;

	mark.delta.u = value->count;
	if (value->is_number)
		mark.delta.d = value->number;
	if (figure->type != FIGURE_COUNTER)
		return mark;
	mark.told = f->after;
	mark.id = id;
	told = (union cell *)deltas_of(f->after, mark.id, &known);
	told->u = *deltas_of(f->before, mark.id, &known);
	if (value->is_number ? mark.delta.d < told->d : mark.delta.u < told->u)
		told->u = 0;
	if (value->is_number)
		mark.delta.d -= told->d;
	else
		mark.delta.u -= told->u;
	return mark;
}

static void add_line(void *arg, const struct own_figure *figure, const struct figure_label *labels,
		     size_t nlabels, const struct figure_value *value)
{
	struct dogstatsd_figures *f = arg;
	struct line line = { .start = f->text.len };

	/* A server may have such a name for itself, as statsd_exporter has. */
	if (has_prefix(figure->name, "process_"))
		return;
	line.mark = mark_of(f, figure, id_of(f, figure, labels, nlabels), value);
	if (line.mark.told && !line.mark.delta.u)
		return;
	strbuf_adds(&f->text, figure->name);
	strbuf_addc(&f->text, ':');
	dogstatsd_add_cell(&f->text, line.mark.delta, line.mark.type, value->scale);
	strbuf_adds(&f->text, figure->type == FIGURE_COUNTER ? "|c" : "|g");
	dogstatsd_add_end(&f->text, &f->tags, f->config->container);
	line.end = f->text.len;
	if (f->text.full)
		return;
	if (f->nlines == f->room) {
		f->room = MAX(2 * f->room, (size_t)16);
		f->lines = xreallocarray(f->lines, f->room, sizeof(*f->lines));
	}
	f->lines[f->nlines++] = line;
}

static void note_figure(void *arg, const struct own_figure *figure,
			const struct figure_label *labels, size_t nlabels,
			const struct figure_value *value)
{
	struct dogstatsd_figures *f = arg;
	bool known;

	if (figure->type == FIGURE_COUNTER)
		*deltas_of(f->before, id_of(f, figure, labels, nlabels), &known) = value->count;
}

void dogstatsd_figures_note(struct dogstatsd_figures *f)
{
	for (size_t nth = 0; figures_walk(f->figures, nth, note_figure, f); nth++)
		;
}

void dogstatsd_figures_tell(struct dogstatsd_figures *f, struct dogstatsd_packet *packet)
{
	for (size_t nth = 0;; nth++) {
		strbuf_reset(&f->text);
		f->nlines = 0;
		if (!figures_walk(f->figures, nth, add_line, f))
			break;
		for (size_t i = 0; i < f->nlines; i++) {
			const struct line *line = &f->lines[i];

			dogstatsd_packet_add(packet, f->text.buf + line->start,
					     line->end - line->start, &line->mark);
		}
	}
	dogstatsd_packet_flush(packet);
	deltas_free(f->before);
	f->before = f->after;
	f->after = new_table();
}
