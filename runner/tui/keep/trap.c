// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/keep/trap.h"

#include <errno.h>

#include "base/err.h"
#include "base/id_map.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/tui/model/model_impl.h"

#define MOST_SWEEPS 1000000

struct trap {
	struct tab *tab;
	struct pick *pick; /* the tab's too, for the looks of its rows */
	char *text;	   /* as it was typed */
	uint32_t sweeps;   /* in which it has to hold, one after the other */
	uint8_t actions;   /* enum trap_action */
	struct id_map held,
		now;	 /* rows -> sweeps in which it held; up to the last one, and this one */
	uint32_t streak; /* the same of a stream */
	bool seen;	 /* a record of this sweep matched */
	bool up;	 /* it has sprung, and holds still */
	uint64_t id;	 /* a row that made it spring */
};

static void trap_free(struct trap *trap)
{
	pick_free(trap->pick);
	id_map_release(&trap->held);
	id_map_release(&trap->now);
	free(trap->text);
	free(trap);
}

void traps_release(struct traps *traps)
{
	for (uint32_t i = 0; i < traps->count; i++) {
		traps->all[i]->tab->trap = NULL;
		trap_free(traps->all[i]);
	}
	free(traps->all);
	traps->all = NULL;
	traps->count = 0;
}

static struct trap *trap_of(const struct traps *traps, const struct tab *tab)
{
	for (uint32_t i = 0; i < traps->count; i++)
		if (traps->all[i]->tab == tab)
			return traps->all[i];
	return NULL;
}

static void drop(struct traps *traps, const struct trap *trap)
{
	for (uint32_t i = 0; i < traps->count; i++) {
		if (traps->all[i] != trap)
			continue;
		trap->tab->trap = NULL;
		trap_free(traps->all[i]);
		traps->all[i] = traps->all[--traps->count];
		return;
	}
}

/* --- setting --- */

static int parse_actions(const char *text, uint8_t *ret)
{
	static const char *const names[] = { "bell", "freeze", "record" };
	_cleanup_free_ char *list = xstrdup(text);
	char *rest = list, *name;

	*ret = 0;
	while ((name = strsep(&rest, ", "))) {
		size_t i = 0;

		if (!*name)
			continue;
		while (i < ARRAY_LEN(names) && !streq(names[i], name))
			i++;
		if (i == ARRAY_LEN(names))
			return -EINVAL;
		*ret |= (uint8_t)(1 << i);
	}
	return *ret ? 0 : -EINVAL;
}

/* The last " WORD " outside quotes; NULL: there is none. */
static char *last_word(char *text, const char *word)
{
	char quote = 0, *found = NULL;

	for (char *p = text; *p; p++) {
		if (quote || *p == '"' || *p == '\'')
			quote = quote == *p ? 0 : quote ? quote : *p;
		else if (has_prefix(p, word))
			found = p;
	}
	return found;
}

static int refuse(struct model_why *why, size_t caret, const char *text)
{
	*why = (struct model_why){ .caret = caret };
	snprintf(why->text, sizeof(why->text), "%s", text);
	return -EINVAL;
}

/* Takes the ends " for N" and " then WORDS" away from the expression. */
static int parse_ends(struct trap *trap, char *text, struct model_why *why)
{
	char *then = last_word(text, " then "), *sweeps;
	uint64_t n = 1;

	trap->actions = TRAP_BELL;
	if (then) {
		*then = '\0';
		if (parse_actions(then + 6, &trap->actions) < 0)
			return refuse(why, (size_t)(then + 6 - text),
				      "then bell, freeze or record");
	}
	sweeps = last_word(text, " for ");
	if (sweeps) {
		*sweeps = '\0';
		if (parse_u64(sweeps + 5, &n) < 0 || !n || n > MOST_SWEEPS)
			return refuse(why, (size_t)(sweeps + 5 - text), "for a number of sweeps");
	}
	trap->sweeps = (uint32_t)n;
	return 0;
}

static int compile(struct trap *trap, const struct map_plan *shown, const char *text,
		   struct model_why *why)
{
	_cleanup_free_ char *expression = xstrdup(text);
	int ret = parse_ends(trap, expression, why);

	if (ret >= 0)
		ret = pick_new(&trap->pick, shown, expression, why);
	if (ret >= 0 && (!trap->pick || !trap->pick->filter))
		ret = refuse(why, 0, "an expression: p99 > 10ms");
	trap->text = xstrdup(text);
	return ret;
}

static int set(struct traps *traps, struct tab *tab, const char *text, struct model_why *why)
{
	struct trap *trap = xcalloc(1, sizeof(*trap)), *before = trap_of(traps, tab);
	int ret;

	trap->tab = tab;
	ret = compile(trap, tab->shown, text, why);
	if (ret < 0) {
		trap_free(trap);
		return ret;
	}
	if (before)
		drop(traps, before);
	tab->trap = trap->pick;
	traps->all = xreallocarray(traps->all, traps->count + 1, sizeof(struct trap *));
	traps->all[traps->count++] = trap;
	return 0;
}

int traps_set(struct traps *traps, const char *text, struct model_why *why)
{
	struct tab *tab = current_base(traps->model);
	struct trap *before = trap_of(traps, tab);

	if (tab->ops->kind != TAB_ROWS && tab->ops->kind != TAB_STREAM)
		return refuse(why, 0, "only maps have traps");
	traps->model->generation++;
	if (text[strspn(text, " ")])
		return set(traps, tab, text, why);
	if (before)
		drop(traps, before);
	return 0;
}

const char *traps_text(const struct traps *traps)
{
	const struct trap *trap = trap_of(traps, current_base(traps->model));

	return trap ? trap->text : "";
}

/* "MAP:" or "PROGRAM:MAP:" in front of the expression; its length. */
static size_t prefix_of(const char *text, const struct source *source, const struct map_plan *map)
{
	size_t program = strlen(source->program), name = strlen(map->name);

	if (strncmp(text, source->program, program) == 0 && text[program] == ':' &&
	    strncmp(text + program + 1, map->name, name) == 0 && text[program + 1 + name] == ':')
		return program + name + 2;
	return strncmp(text, map->name, name) == 0 && text[name] == ':' ? name + 1 : 0;
}

uint32_t traps_set_at(struct traps *traps, struct source *source, const char *text, struct err *err)
{
	const struct plan *plan = source->plan;
	struct model_why why = { .text = "it has no map to be shown" };
	size_t prefix = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < plan->nmaps && !prefix; i++)
		prefix = prefix_of(text, source, &plan->maps[i]);
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		struct tab *tab = model_tab_of(traps->model, source, map);

		if (tab && (!prefix || prefix_of(text, source, map) == prefix))
			n += set(traps, tab, text + prefix, &why) >= 0;
	}
	if (!n)
		err_usage(err, "--trap '%s': %s", text, why.text);
	return n;
}

/* --- springing --- */

void traps_event(struct traps *traps, const struct source *source, const struct record *record)
{
	for (uint32_t i = 0; i < traps->count; i++) {
		struct trap *trap = traps->all[i];
		struct item item = { .record = *record };

		if (trap->tab->env->source != source || trap->tab->map != record->map)
			continue;
		if (!trap->seen && tab_matches(trap->tab, trap->pick, &item))
			trap->seen = true;
	}
}

static void row_holds(void *ctx, uint64_t id)
{
	struct trap *trap = ctx;
	uint32_t sweeps = 0;

	id_map_find(&trap->held, id, &sweeps);
	if (++sweeps >= trap->sweeps && !trap->seen) {
		trap->seen = true;
		trap->id = id;
	}
	id_map_set(&trap->now, id, MIN(sweeps, trap->sweeps));
}

/* Whether it holds, for as many sweeps as it has to. */
static bool holds(struct trap *trap)
{
	struct id_map swap;
	bool seen;

	if (trap->tab->ops->kind == TAB_ROWS) {
		trap->seen = false;
		rows_tab_match_live(trap->tab, trap->pick, row_holds, trap);
		swap = trap->held;
		trap->held = trap->now;
		trap->now = swap;
		id_map_clear(&trap->now);
		return trap->seen;
	}
	seen = trap->seen;
	trap->seen = false;
	trap->streak = seen ? MIN(trap->streak + 1, trap->sweeps) : 0;
	return seen && trap->streak >= trap->sweeps;
}

void traps_swept(struct traps *traps, const struct source *source, uint64_t time_ns,
		 struct trap_sprung *ret)
{
	*ret = (struct trap_sprung){ .time_ns = time_ns };
	for (uint32_t i = 0; i < traps->count; i++) {
		struct trap *trap = traps->all[i];
		bool was = trap->up;

		if (trap->tab->env->source != source)
			continue;
		trap->up = holds(trap);
		if (!trap->up || was)
			continue;
		if (!ret->actions) {
			ret->map = trap->tab->map;
			ret->id = trap->id;
			snprintf(ret->text, sizeof(ret->text), "%s: %s", tab_label(trap->tab),
				 trap->text);
		}
		ret->actions |= trap->actions;
	}
}

void traps_remove(struct traps *traps, const struct source *source)
{
	for (uint32_t i = traps->count; i-- > 0;)
		if (traps->all[i]->tab->env->source == source)
			drop(traps, traps->all[i]);
}
