// SPDX-License-Identifier: Apache-2.0
/*
 * `bombus replay`: a recording takes the kernel's place.
 *
 *	file -> objects (opened, never loaded) -> metrics -> sources -> sinks
 */
#include <errno.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/parse.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/run/exporters.h"
#include "cmd/run/job_args.h"
#include "cmd/run/main_loop.h"
#include "cmd/run/route.h"
#include "cmd/run/run_show.h"
#include "cmd/run/run_sinks.h"
#include "runner/compat/exporter_config.h"
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

/* One program of the recording. */
struct play_program {
	const char *name;
	struct run_args args; /* the recording's options, and the words for this program */
	struct words fields;  /* of the command line */
	struct object *object;
	struct exporter_config *config; /* NULL: it was recorded without one */
	struct selection filters;
	struct resolver *names; /* of the filters */
	struct plan shown;	/* the plan with rows as maps, for filters */
};

struct play {
	const struct global_args *global;
	struct replay_args *args;
	const char *path;
	int fd;
	struct replay *replay;
	struct play_program *programs;
	struct run_args *routed; /* by program; NULL: there is one */
	size_t count;
	struct series_budget budget; /* of the series of all */
	struct wallclock *clock;
	struct main_loop main;
	struct arena arena;
	struct run_sinks sinks;
};

static int open_file(struct play *p, const char *word, struct err *err)
{
	bool standard = streq(word, "-");

	p->path = standard ? "standard input" : word;
	if (standard && isatty(STDIN_FILENO)) {
		err_hint(err, "bombus run IMAGE --record - | bombus replay -");
		return err_usage(err, "a recording cannot be read from a terminal");
	}
	p->fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
			 : open(word, O_RDONLY | O_CLOEXEC);
	if (p->fd < 0)
		return err_sys(err, errno, "cannot read %s", word);
	return replay_open(&p->replay, p->fd, p->path, err);
}

static int set_speed(struct play *p, struct err *err)
{
	const char *text = p->args->speed,
		   *form = run_sinks_form(&p->args->run, p->global->exports);
	bool people = streq(form, "table") || streq(form, "tui");
	double speed = people || exports_wanted(p->global->exports, false) ? 1 : 0;

	if (text && streq(text, "max"))
		speed = 0;
	else if (text && (parse_double(text, &speed) < 0 || !(speed > 0) || speed > MAX_SPEED))
		return err_usage(err, "--speed is a number above 0 (2: twice as fast) or max");
	replay_set_speed(p->replay, speed);
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
static int choose_fields(struct play_program *to, struct err *err)
{
	const struct plan *plan = object_plan(to->object);
	struct words *words = &to->args.object.fields;
	size_t kept = 0;

	for (size_t i = 0; i < to->fields.count; i++) {
		const char *word = to->fields.words[i];
		_cleanup_free_ char *name = xstrndup(word, strcspn(word, "="));
		const struct map_plan *map = plan_map(plan, name);

		if (!map || !map_has_series(map))
			continue; /* the object refuses what is wrong otherwise */
		err_hint(err, "--fields is for maps of events; --where chooses rows");
		return err_usage(err,
				 "--fields %s: of map '%s' the rows were recorded as they were",
				 word, name);
	}
	for (size_t i = 0; i < words->count; i++)
		if (!is_replaced(&to->fields, words->words[i]))
			words->words[kept++] = words->words[i];
	words->count = kept;
	for (size_t i = 0; i < to->fields.count; i++)
		words_add(words, to->fields.words[i]);
	return 0;
}

static int open_object(struct play *p, size_t at, struct err *err)
{
	struct play_program *to = &p->programs[at];
	struct object_opts opts;
	size_t len;
	const void *elf = replay_elf(p->replay, at, &len);
	int ret = object_words_parse(&to->args.object, &p->arena, &opts, err);

	if (ret >= 0 && to->args.config_text && !to->config)
		ret = exporter_config_parse(&to->config, to->name, to->args.config_text,
					    strlen(to->args.config_text), err);
	if (ret < 0)
		return ret;
	/* A replay needs no addresses of the kernel (kaddrs). */
	opts.plan.recipes = to->config ? to->config->recipes : NULL;
	opts.plan.nrecipes = to->config ? to->config->nrecipes : 0;
	object_free(steal_ptr(&to->object));
	return object_open(&to->object, to->name, elf, len, &opts, err);
}

/* Opens it with the options of the recording. */
static int open_program(struct play *p, size_t at, struct err *err)
{
	struct play_program *to = &p->programs[at];
	const struct record_option *options;
	size_t count;
	int ret;

	to->name = replay_short_name(p->replay, at);
	if (!to->name)
		to->name = replay_program(p->replay, at);
	to->args = p->args->run;
	to->args.object.fields = to->args.select.filter = to->args.select.where =
		(struct words){ 0 };
	options = replay_options(p->replay, at, &count);
	ret = run_record_apply(&to->args, options, count, err);
	if (ret >= 0)
		ret = open_object(p, at, err);
	if (ret < 0)
		err_wrap(err, "%s", p->path);
	return ret;
}

/* The words of the command line, each for the program that has what it names. */
static int route(struct play *p, struct err *err)
{
	struct route_program *programs = arena_array(&p->arena, struct route_program, p->count);
	int ret = 0;

	if (p->count > 1) {
		for (size_t i = 0; i < p->count; i++)
			programs[i] =
				(struct route_program){ p->programs[i].name,
							object_plan(p->programs[i].object), NULL };
		p->routed = xcalloc(p->count, sizeof(*p->routed));
		ret = route_words(&p->args->run, programs, p->count, &p->arena, p->routed, err);
	}
	for (size_t i = 0; i < p->count && ret >= 0; i++) {
		const struct run_args *from = p->routed ? &p->routed[i] : &p->args->run;
		struct play_program *to = &p->programs[i];

		to->fields = from->object.fields;
		to->args.select.filter = from->select.filter;
		to->args.select.where = from->select.where;
		if (!to->fields.count)
			continue;
		ret = choose_fields(to, err);
		if (ret >= 0)
			ret = open_object(p, i, err);
	}
	return ret;
}

static int open_programs(struct play *p, struct err *err)
{
	int ret = 0;

	p->count = replay_count(p->replay);
	p->programs = xcalloc(p->count, sizeof(*p->programs));
	p->budget = (struct series_budget){ .max_bytes = MAX_SERIES_BYTES,
					    .sharers = (uint32_t)p->count };
	for (size_t i = 0; i < p->count && ret >= 0; i++)
		ret = open_program(p, i, err);
	return ret < 0 ? ret : route(p, err);
}

static int prepare(struct play *p, size_t at, struct err *err)
{
	struct play_program *to = &p->programs[at];
	const struct plan *plan = object_plan(to->object);
	struct series_opts series = { .max_series = MAX_SERIES, .budget = &p->budget };
	struct select_words words = to->args.select;
	struct select_opts select;
	struct selection selection = { 0 };
	int ret;

	/* Filters are for what comes out of it, and were applied to what went in. */
	words.filter = words.where = (struct words){ 0 };
	words.every_label = to->args.compat && streq(to->args.compat, "bee");
	ret = select_words_parse(&words, &p->arena, &select, err);
	if (ret >= 0)
		ret = select_maps(plan, &select, &selection, err);
	if (ret >= 0)
		ret = replay_prepare(p->replay, at, plan, selection.metrics, p->clock, &series,
				     err);
	selection_release(plan, &selection);
	return ret;
}

static int make_filters(struct play *p, size_t at, struct err *err)
{
	struct play_program *to = &p->programs[at];
	const struct plan *plan = object_plan(to->object);
	struct select_words chosen = { .filter = to->args.select.filter,
				       .where = to->args.select.where };
	struct source *source = replay_source(p->replay, at);
	struct select_opts filters;
	int ret = select_words_parse(&chosen, &p->arena, &filters, err);

	if (ret < 0)
		return ret;
	to->shown = *plan;
	to->shown.maps = arena_array(&p->arena, struct map_plan, plan->nmaps + 1);
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		const struct metric_plan *metric = source_metric(source, map);

		to->shown.maps[i] = *map;
		if (!map_has_series(map) || !metric)
			continue;
		metric_row_map(&to->shown.maps[i], metric, &p->arena);
		to->shown.maps[i].role = ROLE_EVENTS; /* no metric of a metric */
	}
	ret = select_maps(&to->shown, &filters, &to->filters, err);
	to->names = source_resolver(source);
	for (uint32_t i = 0; i < plan->nmaps; i++)
		filter_use_names(to->filters.filters[i], to->names);
	replay_set_filters(p->replay, at, to->filters.filters);
	return ret;
}

/* For recordings of parts of this one. */
static void keep_images(struct play *p)
{
	struct record_image *images = arena_array(&p->arena, struct record_image, p->count);

	for (size_t i = 0; i < p->count; i++) {
		images[i].program = p->count > 1 ? p->programs[i].name : NULL;
		images[i].elf = replay_elf(p->replay, i, &images[i].elf_bytes);
		images[i].options = replay_options(p->replay, i, &images[i].noptions);
	}
	p->sinks.record.opts.images = images;
	p->sinks.record.opts.nimages = p->count;
}

static int start(struct play *p, struct err *err)
{
	int ret = main_loop_init(&p->main, err);

	if (ret >= 0)
		ret = set_speed(p, err);
	p->sinks.together = true;
	keep_images(p);
	if (ret >= 0)
		ret = run_sinks_open(&p->sinks, p->global, &p->args->run, p->main.wake_fd, err);
	for (size_t i = 0; i < p->count && ret >= 0; i++)
		ret = host_add_source(p->sinks.host, replay_source(p->replay, i), err);
	return ret < 0 ? ret : host_start(p->sinks.host, err);
}

static int finish(struct play *p, struct err *err)
{
	uint64_t unwritten;
	int ret = run_sinks_stop(&p->sinks, &unwritten, err);
	struct replay_result result = replay_result(p->replay);

	if (result.cut)
		log_warn("%s: the recording was cut at byte %llu; later data is missing", p->path,
			 (unsigned long long)result.offset);
	for (size_t i = 0; i < p->count; i++)
		show_replay_line(replay_source(p->replay, i), result.span_ns);
	return ret;
}

static void release_program(struct play_program *program)
{
	/* run_record_forget() frees the lists of the recording; these two are borrowed. */
	program->args.select.filter = program->args.select.where = (struct words){ 0 };
	run_record_forget(&program->args);
	if (program->object)
		selection_release(object_plan(program->object), &program->filters);
	resolver_free(program->names);
	object_free(program->object);
	exporter_config_free(program->config);
}

static void play_release(struct play *p)
{
	run_sinks_release(&p->sinks);
	replay_free(p->replay);
	for (size_t i = 0; i < p->count; i++)
		release_program(&p->programs[i]);
	if (p->routed)
		route_release(p->routed, p->count);
	free(p->routed);
	free(p->programs);
	wallclock_free(p->clock);
	arena_release(&p->arena);
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
	int ret = open_file(&p, words->words[0], err), left;

	if (ret >= 0)
		ret = open_programs(&p, err);
	for (size_t i = 0; i < p.count && ret >= 0; i++) {
		ret = prepare(&p, i, err);
		if (ret >= 0)
			ret = make_filters(&p, i, err);
	}
	if (ret >= 0)
		ret = start(&p, err);
	if (ret < 0)
		return ret;
	ret = main_loop_run(&p.main, err);
	left = finish(&p, err);
	return ret < 0 ? ret : left;
}

#define ARG(member) offsetof(struct replay_args, member)
static const struct opt replay_opts[] = {
	EXPORT_FORM_OPT(ARG(run.output)),
	{ 0, "speed", "N", OPT_TEXT, ARG(speed),
	  "times the recorded speed, or max: as fast as possible (1 for the table and with "
	  "--metrics, --otlp or --dogstatsd, else max)" },
	{ 'n', "count", "COUNT", OPT_U64, ARG(run.count),
	  "stop after this many records or rows (0: no limit)" },
	{ 'f', "filter", "MAP,FIELD,REGEX", OPT_WORDS, ARG(run.select.filter),
	  "only records whose field matches the regular expression; repeat to narrow" },
	{ 0, "where", "[MAP:]EXPR", OPT_WORDS, ARG(run.select.where),
	  "only records for which this holds; of maps with series, rows by labels and values" },
	{ 0, "fields", "MAP=A,B", OPT_WORDS, ARG(run.object.fields),
	  "show only these fields of a map of events, whatever was shown before" },
	{ 0, "force", NULL, OPT_FLAG, ARG(run.force),
	  "--folded, --pprof and --flamegraph replace a file that exists" },
	{ 0, "namespace", "WORD", OPT_TEXT, ARG(run.name_space),
	  "first part of metric names (ebpf)" },
	{ 0 },
};

const struct command cmd_replay = {
	.name = "replay",
	.usage = "FILE|-",
	.summary = "show a recording of 'run --record'",
	.about = "replay shows the records and series of a recording, with its times and names, "
		 "on any machine of the same byte order. It loads nothing and needs no "
		 "privilege. The recording has the program and the options that its output "
		 "depends on. A recording that was cut is replayed up to the cut. - is standard "
		 "input; it can be a run that still goes on. Metrics stay available after the "
		 "end, until you leave.",
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
