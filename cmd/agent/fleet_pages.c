// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/fleet_internal.h"

#include <inttypes.h>

#include "base/strbuf.h"
#include "base/util.h"

/* --- figures --- */

static bool get_up(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct slot *)of)->running != NULL);
}

static const struct own_figure slot_figure_rows[] = {
	{ "bombus_program_up", "1: all of the program is attached; 0: it is down.", "",
	  FIGURE_GAUGE, get_up },
};

static void each_slot(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	struct fleet *f = ctx;

	pthread_mutex_lock(&f->lock);
	for (const struct slot *slot = f->slots; slot; slot = slot->next) {
		const struct figure_label label = { "program", slot->wanted->name };

		visit->visit(visit, slot, &label, 1);
	}
	pthread_mutex_unlock(&f->lock);
}

const struct figure_table fleet_figures = {
	slot_figure_rows,
	ARRAY_LEN(slot_figure_rows),
	FIGURES_BUILD,
	each_slot,
};

/* --- pages --- */

bool fleet_ready(struct fleet *f, char *why, size_t size)
{
	const struct slot *down;

	pthread_mutex_lock(&f->lock);
	down = f->slots;
	while (down && down->running)
		down = down->next;
	if (down)
		snprintf(why, size, "%s is not attached%s%s", down->wanted->name,
			 down->reason[0] ? ": " : "", down->reason);
	pthread_mutex_unlock(&f->lock);
	return !down;
}

static void add_row(struct strbuf *sb, const struct slot *slot)
{
	const struct rates *r = &slot->rates;

	strbuf_adds(sb, "<tr><td>");
	strbuf_add_html(sb, slot->wanted->name);
	strbuf_addf(sb, "</td><td>%s</td><td>",
		    slot->running ? "up"
		    : slot->tried ? "down"
				  : "starting");
	strbuf_add_html(sb, slot->running ? slot->running_as->image : slot->wanted->image);
	strbuf_adds(sb, "</td><td>");
	strbuf_add_html(sb, slot->running ? slot->running->program.image.digest : "");
	if (slot->running)
		strbuf_addf(sb, "</td><td>%.0f/s</td><td>%s%" PRIu64 "</td><td>%.2f %%</td><td>",
			    r->records, r->lost_known ? "" : "? ", r->lost, r->cpu * 100);
	else
		strbuf_adds(sb, "</td><td></td><td></td><td></td><td>");
	strbuf_add_html(sb, slot->reason);
	strbuf_adds(sb, "</td></tr>\n");
}

void fleet_landing(struct fleet *f, struct strbuf *html)
{
	strbuf_adds(html, "<table><tr><th>Program</th><th>State</th><th>Image</th><th>Digest</th>"
			  "<th>Records</th><th>Lost</th><th>CPU</th><th></th></tr>\n");
	pthread_mutex_lock(&f->lock);
	for (const struct slot *slot = f->slots; slot; slot = slot->next)
		add_row(html, slot);
	pthread_mutex_unlock(&f->lock);
	strbuf_adds(html, "</table>\n");
}
