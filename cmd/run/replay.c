// SPDX-License-Identifier: Apache-2.0
/*
 * `bombus replay`: a recording takes the kernel's place.
 *
 *	file -> object (opened, never loaded) -> metrics -> collector (never started) -> player ->
 *sinks
 */
#include <errno.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/parse.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/run/job_args.h"
#include "cmd/run/main_loop.h"
#include "cmd/run/exporters.h"
#include "cmd/run/run_show.h"
#include "cmd/run/run_sinks.h"
#include "runner/load/attach/object.h"
#include "runner/sink/recording/replay.h"

/* What a recording's series may take in memory; what is over goes to the overflow series. */
#define MAX_SERIES 1000000
#define MAX_SERIES_BYTES (256ull << 20)
#define MAX_SPEED 1e6

struct replay_args {
	struct run_args run; /* what both have in common, and what the recording says */
	const char *speed;
};

struct play {
	const struct global_args *global;
	struct replay_args *args;
	const char *path;
	int fd;
	struct replay *replay;
	struct words fields; /* of the command line */
	struct object *object;
	struct series_budget budget; /* of its series */
	struct wallclock *clock;
	struct main_loop main;
	struct arena arena;
	struct selection filters;
	struct plan shown; /* the plan with rows as maps, for filters */
	struct run_sinks sinks;
	struct replay_opts opts;
};

static int open_file(struct play *p, const char *word, struct err *err)
{
	bool standard = streq(word, "-");

	p->path = standard ? "standard input" : word;
	if (standard && isatty(STDIN_FILENO)) {
		err_hint(err, "bombus run IMAGE --record - | bombus replay -");
		return err_usage(err, "a recording is nothing that is typed");
	}
	p->fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
			 : open(word, O_RDONLY | O_CLOEXEC);
	if (p->fd < 0)
		return err_sys(err, errno, "cannot read %s", word);
	return replay_open(&p->replay, p->fd, p->path, err);
}

static int parse_speed(struct play *p, struct err *err)
{
	const char *text = p->args->speed, *form = run_sinks_form(&p->args->run);
	bool people = streq(form, "table") || streq(form, "tui");

	p->opts.speed = people || exports_wanted(p->global->exports, false) ? 1 : 0;
	if (!text)
		return 0;
	if (streq(text, "max")) {
		p->opts.speed = 0;
		return 0;
	}
	if (parse_double(text, &p->opts.speed) < 0 || !(p->opts.speed > 0) ||
	    p->opts.speed > MAX_SPEED)
		return err_usage(err, "--speed is a number above 0 (2: twice as fast) or max");
	return 0;
}

/* Whether the command line has an own word for this word's map. */
static bool is_replaced(const struct words *own, const char *word)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < own->count; i++)
		if (strcspn(own->words[i], "=") == len && strncmp(own->words[i], word, len) == 0)
			return true;
	return false;
}

/* Records are whole in the recording, so that other fields of them can be shown now. */
static int choose_fields(struct play *p, struct err *err)
{
	const struct plan *plan = object_plan(p->object);
	struct words *words = &p->args->run.object.fields;
	size_t kept = 0;

	for (size_t i = 0; i < p->fields.count; i++) {
		_cleanup_free_ char *name =
			xstrndup(p->fields.words[i], strcspn(p->fields.words[i], "="));
		const struct map_plan *map = plan_map(plan, name);

		if (!map || !map_has_series(map))
			continue; /* what is wrong otherwise is said when it is used */
		err_hint(err, "--fields is for maps of events; --where chooses rows");
		return err_usage(err,
				 "--fields %s: of map '%s' the rows were recorded as they were",
				 p->fields.words[i], name);
	}
	for (size_t i = 0; i < words->count; i++)
		if (!is_replaced(&p->fields, words->words[i]))
			words->words[kept++] = words->words[i];
	words->count = kept;
	for (size_t i = 0; i < p->fields.count; i++)
		words_add(words, p->fields.words[i]);
	return 0;
}

static int open_object(struct play *p, struct err *err)
{
	struct object_opts opts;
	size_t len;
	const void *elf = replay_elf(p->replay, &len);

	int ret = object_words_parse(&p->args->run.object, &p->arena, &opts, err);

	if (ret < 0)
		return ret;
	object_free(steal_ptr(&p->object));
	return object_open(&p->object, replay_program(p->replay), elf, len, &opts, err);
}

static int open_program(struct play *p, struct err *err)
{
	struct run_args *run = &p->args->run;
	const struct record_option *options;
	size_t count;
	int ret;

	p->fields = run->object.fields;
	run->object.fields = (struct words){ 0 };
	options = replay_options(p->replay, &count);
	ret = run_record_apply(run, options, count, err);
	if (ret >= 0)
		ret = open_object(p, err);
	if (ret < 0)
		err_wrap(err, "%s", p->path);
	if (ret >= 0 && p->fields.count) {
		ret = choose_fields(p, err);
		if (ret >= 0)
			ret = open_object(p, err);
	}
	return ret;
}

static int prepare(struct play *p, struct err *err)
{
	const struct plan *plan = object_plan(p->object);
	struct series_budget *budget = &p->budget;
	struct series_opts series = { .max_series = MAX_SERIES, .budget = budget };
	struct select_words words = p->args->run.select;
	struct select_opts select;
	struct selection selection = { 0 };
	int ret;

	/* Filters are for what comes out of it, and were applied to what went in. */
	words.filter = words.where = (struct words){ 0 };
	words.every_label = p->args->run.compat != NULL;
	budget->max_bytes = MAX_SERIES_BYTES;
	ret = select_words_parse(&words, &p->arena, &select, err);
	if (ret >= 0)
		ret = select_maps(plan, &select, &selection, err);
	if (ret >= 0)
		ret = replay_prepare(p->replay, plan, selection.metrics, p->clock, &series, err);
	selection_release(plan, &selection);
	return ret;
}

static int make_filters(struct play *p, struct err *err)
{
	const struct plan *plan = object_plan(p->object);
	const struct select_words *words = &p->args->run.select;
	struct select_words chosen = { .filter = words->filter, .where = words->where };
	struct select_opts filters;
	int ret = select_words_parse(&chosen, &p->arena, &filters, err);

	if (ret < 0)
		return ret;

	p->shown = *plan;
	p->shown.maps = arena_array(&p->arena, struct map_plan, plan->nmaps + 1);
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		const struct metric_plan *metric = source_metric(replay_source(p->replay), map);

		p->shown.maps[i] = *map;
		if (!map_has_series(map) || !metric)
			continue;
		metric_row_map(&p->shown.maps[i], metric, &p->arena);
		p->shown.maps[i].role = ROLE_EVENTS; /* no metric of a metric */
	}
	ret = select_maps(&p->shown, &filters, &p->filters, err);
	p->opts.filters = p->filters.filters;
	return ret;
}

static int start(struct play *p, struct err *err)
{
	int ret = main_loop_init(&p->main, err);

	if (ret >= 0)
		ret = parse_speed(p, err);
	replay_choose(p->replay, &p->opts);
	p->sinks.together = true;
	if (ret >= 0)
		ret = run_sinks_open(&p->sinks, p->global, &p->args->run, p->main.wake_fd, err);
	if (ret >= 0)
		ret = host_add_source(p->sinks.host, replay_source(p->replay), err);
	return ret < 0 ? ret : host_start(p->sinks.host, err);
}

static int finish(struct play *p, struct err *err)
{
	uint64_t unwritten;
	int ret = run_sinks_stop(&p->sinks, &unwritten, err);
	struct replay_result result = replay_result(p->replay);

	if (result.cut)
		log_warn("%s: the recording was cut at byte %llu: what came later is not in it",
			 p->path, (unsigned long long)result.offset);
	show_replay_line(replay_source(p->replay), result.span_ns);
	return ret;
}

static void play_release(struct play *p)
{
	run_sinks_release(&p->sinks);
	replay_free(p->replay);
	if (p->object)
		selection_release(object_plan(p->object), &p->filters);
	object_free(p->object);
	wallclock_free(p->clock);
	arena_release(&p->arena);
	words_release(&p->fields);
	run_record_forget(&p->args->run);
	main_loop_release(&p->main);
	close_fd(&p->fd);
}

static int run_replay(const struct global_args *global, void *args, const struct words *words,
		      struct err *err)
{
	_cleanup_(play_release) struct play p = {
		.global = global,
		.args = args,
		.fd = -1,
		.clock = wallclock_new_told(),
	};
	int ret = open_file(&p, words->words[0], err);

	if (ret >= 0)
		ret = open_program(&p, err);
	if (ret >= 0)
		ret = prepare(&p, err);
	if (ret >= 0)
		ret = make_filters(&p, err);
	if (ret >= 0)
		ret = start(&p, err);
	if (ret < 0)
		return ret;
	ret = main_loop_run(&p.main, err);
	int left = finish(&p, err);
	return ret < 0 ? ret : left;
}

#define ARG(member) offsetof(struct replay_args, member)
static const struct opt replay_opts[] = {
	EXPORT_FORM_OPT(ARG(run.output)),
	{ 0, "speed", "N", OPT_TEXT, ARG(speed),
	  "as many times as fast as it was, or max: as fast as it goes (1 for the table and with "
	  "--metrics, --otlp or --dogstatsd, else max)" },
	{ 'n', "count", "COUNT", OPT_U64, ARG(run.count),
	  "stop after this many records or rows (0: no limit)" },
	{ 'f', "filter", "MAP,FIELD,REGEX", OPT_WORDS, ARG(run.select.filter),
	  "only records whose field matches the regular expression; repeat to narrow" },
	{ 0, "where", "[MAP:]EXPR", OPT_WORDS, ARG(run.select.where),
	  "only records for which this holds; of maps with series, rows by labels and values" },
	{ 0, "fields", "MAP=A,B", OPT_WORDS, ARG(run.object.fields),
	  "show only these fields of a map of events, whatever was shown before" },
	{ 0, "namespace", "WORD", OPT_TEXT, ARG(run.name_space),
	  "first part of metric names (ebpf)" },
	{ 0 },
};

const struct command cmd_replay = {
	.name = "replay",
	.usage = "FILE|-",
	.summary = "go through what 'run --record' saved, once more",
	.about =
		"Shows what was seen then, with the times and the names of then, on any machine of "
		"the same byte order. Nothing is loaded, no privilege is needed. The program is in "
		"the recording, as are the options that its output depends on. A recording that "
		"was "
		"cut is replayed as far as it goes. - is standard input, also of a run that goes "
		"on. Metrics are served at the end too, until you leave.",
	.examples = "bombus run tcpconnlat --record lat.rec\n"
		    "bombus replay lat.rec --speed 10\n"
		    "bombus replay lat.rec -o json --where 'delta_us > 1000'\n"
		    "ssh host bombus run tcpconnlat --record - | bombus replay -",
	.environment = "NO_COLOR            no colour\n"
		       "OTEL_...            of OpenTelemetry, with --otlp\n"
		       "DD_...              of Datadog, with --dogstatsd",
	.opts = replay_opts,
	.args_bytes = sizeof(struct replay_args),
	.exports = true,
	.min_words = 1,
	.max_words = 1,
	.complete = "file",
	.run = run_replay,
};
