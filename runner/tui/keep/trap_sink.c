// SPDX-License-Identifier: Apache-2.0
/*
 * Traps without a live table: the run ends when one springs, and the recording of the seconds
 * around it is written. The rows and records are those of a model that no screen shows.
 */
#include <errno.h>

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/sink/exporter.h"
#include "runner/tui/keep/deck.h"
#include "runner/tui/keep/trap.h"

struct trap_args {
	struct words traps;
	const char *record; /* NULL: nothing is recorded */
};

struct trap_sink {
	struct sink sink;
	struct trap_args args;
	struct model_opts opts;
	struct model *model;
	struct traps traps;
	struct deck deck;
	uint32_t *set;	    /* by the words of --trap: on how many maps */
	struct err unset;   /* why the last one was on none */
	uint64_t sprung_ns; /* 0: none has */
	bool recorded;
};

static struct trap_sink *trap_of(struct sink *sink)
{
	return container_of(sink, struct trap_sink, sink);
}

static int trap_open(struct sink *sink, struct err *err)
{
	struct trap_sink *ts = trap_of(sink);

	ts->model = model_new(&ts->opts);
	ts->traps.model = ts->model;
	return 0;
}

static int trap_add(struct sink *sink, struct source *source, struct err *err)
{
	struct trap_sink *ts = trap_of(sink);

	model_add(ts->model, source);
	deck_add(&ts->deck, source);
	for (size_t i = 0; i < ts->args.traps.count; i++)
		ts->set[i] += traps_set_at(&ts->traps, source, ts->args.traps.words[i], &ts->unset);
	return 0;
}

/* Of several programs one has what a trap waits for. */
static int trap_start(struct sink *sink, struct err *err)
{
	struct trap_sink *ts = trap_of(sink);

	for (size_t i = 0; i < ts->args.traps.count; i++) {
		if (ts->set[i])
			continue;
		*err = ts->unset;
		return -EINVAL;
	}
	return 0;
}

static void trap_remove(struct sink *sink, struct source *source)
{
	struct trap_sink *ts = trap_of(sink);

	traps_remove(&ts->traps, source);
	deck_remove(&ts->deck, source);
	model_remove(ts->model, source);
}

static int trap_event(struct sink *sink, struct source *source, const struct record *record)
{
	struct trap_sink *ts = trap_of(sink);

	model_event(ts->model, source, record);
	traps_event(&ts->traps, source, record);
	return 0;
}

static int trap_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		     uint64_t time_ns)
{
	model_rows(trap_of(sink)->model, source, rows);
	return 0;
}

static int trap_lost(struct sink *sink, struct source *source, const struct map_plan *map,
		     enum lost_where where, uint64_t count, uint64_t time_ns)
{
	model_lost(trap_of(sink)->model, source, map, where, count);
	return 0;
}

static int save(struct trap_sink *ts, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int ret;

	ts->recorded = true;
	ret = deck_save(&ts->deck, ts->model, ts->sprung_ns - MIN(ts->sprung_ns, TRAP_AROUND_NS),
			ts->args.record, &text, err);
	if (ret >= 0)
		log_info("%s", text);
	return ret;
}

static int trap_swept(struct sink *sink, struct source *source, uint64_t time_ns)
{
	struct trap_sink *ts = trap_of(sink);
	struct trap_sprung sprung;
	int ret;

	model_swept(ts->model, source, time_ns, time_ns);
	if (!ts->sprung_ns) {
		traps_swept(&ts->traps, source, time_ns, &sprung);
		if (!sprung.actions)
			return 0;
		ts->sprung_ns = time_ns;
		log_info("a trap sprang: %s", sprung.text);
	}
	if (!ts->args.record)
		return 1;
	if (time_ns - MIN(ts->sprung_ns, time_ns) < TRAP_AROUND_NS)
		return 0;
	ret = ts->recorded ? 0 : save(ts, sink->err);
	return ret < 0 ? ret : 1;
}

/* The run ends sooner than the recording would have. */
static void trap_close(struct sink *sink)
{
	struct trap_sink *ts = trap_of(sink);
	struct err err = { 0 };

	if (ts->sprung_ns && ts->args.record && !ts->recorded && save(ts, &err) < 0)
		log_warn("%s", err.msg);
}

static void trap_free(struct sink *sink)
{
	struct trap_sink *ts = trap_of(sink);

	traps_release(&ts->traps);
	deck_release(&ts->deck);
	model_free(ts->model);
	free(ts->set);
	free(ts);
}

static const struct sink_ops trap_ops = {
	.name = "trap",
	.open = trap_open,
	.add = trap_add,
	.start = trap_start,
	.event = trap_event,
	.rows = trap_rows,
	.lost = trap_lost,
	.swept = trap_swept,
	.remove = trap_remove,
	.close = trap_close,
	.free = trap_free,
};

/* --- its options --- */

static bool trap_wanted(const void *args)
{
	const struct trap_args *a = args;

	return a->traps.count || a->record;
}

static int trap_new(struct sink **ret, const void *args, const struct export_env *env,
		    struct err *err)
{
	const struct trap_args *a = args;
	struct trap_sink *ts;

	if (!trap_wanted(a))
		return 0;
	if (streq(env->form, "tui"))
		return err_usage(err,
				 "--trap is for runs without the live table; T sets traps there");
	if (!a->traps.count)
		return err_usage(err, "--trap-record needs a trap: --trap EXPR");
	ts = xcalloc(1, sizeof(*ts));
	ts->sink.ops = &trap_ops;
	ts->args = *a;
	ts->opts.interval_ns = env->interval_ns;
	ts->set = xcalloc(a->traps.count, sizeof(*ts->set));
	ts->deck.opts = (struct tape_opts){ .files = env->files,
					    .images = env->images,
					    .nimages = env->nimages };
	*ret = &ts->sink;
	return 0;
}

static int trap_ended(const struct sink *sink, const void *args, struct err *err)
{
	const struct trap_sink *ts = trap_of((struct sink *)sink);

	if (ts->sprung_ns)
		return 0;
	return err_set(err, ETIME, "no trap sprang before the end of the run");
}

#define ARG(member) offsetof(struct trap_args, member)
static const struct opt trap_opts[] = {
	{ .name = "trap",
	  .arg = "[MAP:]EXPR",
	  .kind = OPT_WORDS,
	  .offset = ARG(traps),
	  .help = "end the run, with status 0, once this holds; EXPR for N: in N sweeps one after "
		  "the other",
	  .complete = "map" },
	{ .name = "trap-record",
	  .arg = "FILE",
	  .kind = OPT_TEXT,
	  .offset = ARG(record),
	  .help = "record the five seconds before it and after it",
	  .complete = "file" },
	{ 0 },
};
#undef ARG

const struct exporter exporter_trap = {
	.name = "trap",
	.group = "Traps",
	.opts = trap_opts,
	.args_bytes = sizeof(struct trap_args),
	.records = true,
	.no_screen = true,
	.wanted = trap_wanted,
	.new = trap_new,
	.ended = trap_ended,
};
