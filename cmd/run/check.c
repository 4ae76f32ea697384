// SPDX-License-Identifier: Apache-2.0
/* What this kernel can do, and what a program needs of it. */
#include <errno.h>

#include "base/log.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/run/object_words.h"
#include "cmd/run/program.h"
#include "runner/load/kernel/features.h"
#include "runner/load/attach/object.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/kernel/needed.h"
#include "runner/load/sandbox/sandbox.h"

#define MAX_FEATURES 128
#define DETAIL_MAX 256

struct check_args {
	const char *format;
	struct object_words object;
};

static int check_kernel(const struct check_args *a, struct err *err)
{
	static const struct column columns[] = {
		{ "Group" }, { "Feature" }, { "OK" }, { "Detail" }
	};
	_cleanup_free_ struct feature *features = xcalloc(MAX_FEATURES, sizeof(*features));
	struct listing *listing = listing_new(a->format, columns, ARRAY_LEN(columns), err);
	size_t count;

	if (!listing)
		return -EINVAL;
	count = MIN(features_probe(features, MAX_FEATURES), (size_t)MAX_FEATURES);
	for (size_t i = 0; i < count; i++)
		listing_row(listing, (const char *const[]){ features[i].group, features[i].name,
							    features[i].ok ? "ok" : "no",
							    features[i].reason });
	return listing_end(listing, err);
}

/* The programs that would run: the first of each job that is expected to work. */
struct verdicts {
	bool *ok;
	char (*text)[DETAIL_MAX];
};

static bool job_before(const struct plan *plan, const struct verdicts *verdicts, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++)
		if (verdicts->ok[i] && streq(plan->progs[i].job, plan->progs[index].job))
			return true;
	return false;
}

static bool job_works(const struct plan *plan, const struct verdicts *verdicts, const char *job)
{
	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (verdicts->ok[i] && streq(plan->progs[i].job, job))
			return true;
	return false;
}

static void list_program(struct listing *listing, const struct plan *plan,
			 const struct verdicts *verdicts, uint32_t index)
{
	const struct prog_plan *prog = &plan->progs[index];
	const char *detail = verdicts->text[index];

	if (verdicts->ok[index] && job_before(plan, verdicts, index))
		detail = "stands by: an alternative before it works";
	listing_row(listing, (const char *const[]){ "program", prog->name, prog->section,
						    verdicts->ok[index] ? "ok" : "no", detail });
}

/*
 * False: this kernel lacks the map's type. Types that are not probed count as present. A type that
 * bombus does not support is refused later, with the object.
 */
static bool list_map(struct listing *listing, const struct map_plan *map)
{
	const char *type = map_type_name(map->type);
	struct feature feature;
	bool known = feature_get(type, &feature);
	const char *why = object_unsupported_map(map->type);
	bool ok = !why && (!known || feature.ok);

	/* libbpf puts the file's name before ".bss" and its like; map->name does without. */
	const char *name = strchr(map->symbol, '.') ? map->name : map->symbol;

	listing_row(listing, (const char *const[]){ "map", name, type, ok ? "ok" : "no",
						    why	    ? why
						    : known ? feature.reason
							    : "" });
	return ok || why;
}

/* The programs that would run. If no alternative of a job works, all of them are chosen, as the job
 * may lack nothing but a capability. */
static void choose(const struct plan *plan, const struct verdicts *verdicts, bool *chosen)
{
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const struct prog_plan *prog = &plan->progs[i];

		chosen[i] = prog->first_state != PROG_OFF &&
			    (verdicts->ok[i] ? !job_before(plan, verdicts, i)
					     : !job_works(plan, verdicts, prog->job));
	}
}

/* Returns the capabilities that the program needs and this process lacks. */
static uint64_t list_caps(struct listing *listing, const struct plan *plan,
			  const struct verdicts *verdicts)
{
	_cleanup_free_ bool *chosen = xcalloc(plan->nprogs + 1, sizeof(*chosen));
	struct needed_cap needs[NEEDED_MAX];
	uint64_t lacking = 0;
	size_t count;

	choose(plan, verdicts, chosen);
	count = needed_caps(plan, chosen, needs);
	for (size_t i = 0; i < count; i++) {
		bool has = !caps_lacking(needs[i].cap);
		char name[CAPS_TEXT_MAX];

		caps_text(needs[i].cap, name, sizeof(name));
		listing_row(listing,
			    (const char *const[]){ "capability", name,
						   needs[i].is_optional ? "optional" : "needed",
						   has ? "ok" : "no", needs[i].why });
		if (!has && !needs[i].is_optional)
			lacking |= needs[i].cap;
	}
	return lacking;
}

static int judge(const struct plan *plan, const struct verdicts *verdicts, const char *missing_map,
		 uint64_t lacking, struct err *err)
{
	char text[CAPS_TEXT_MAX];

	err_exit(err, EXIT_KERNEL);
	if (lacking) {
		caps_text(lacking, text, sizeof(text));
		err_hint(err, "run it as root, or give bombus %s", text);
		return err_set(err, EPERM, "it would not run here: this process lacks %s", text);
	}
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const struct prog_plan *prog = &plan->progs[i];

		if (prog->first_state == PROG_OFF || job_works(plan, verdicts, prog->job))
			continue;
		err_hint(err, "'bombus check' lists what this kernel can do");
		return err_set(err, ENOTSUP, "program '%s' would not run here: %s", prog->name,
			       verdicts->text[i]);
	}
	if (missing_map)
		return err_set(err, ENOTSUP, "map '%s' cannot be made here", missing_map);
	return 0;
}

/* The privileges that a run keeps once it is attached. */
static void list_kept(struct listing *listing)
{
	struct sandbox_text kept;

	sandbox_describe(&kept);
	listing_row(listing,
		    (const char *const[]){ "kept", "capabilities", "", "ok", kept.capabilities });
	listing_row(listing, (const char *const[]){ "kept", "user", "", "ok", kept.user });
	listing_row(listing, (const char *const[]){ "kept", "system calls", "",
						    kept.has_filter ? "ok" : "no", kept.calls });
	listing_row(listing, (const char *const[]){ "kept", "files", "",
						    kept.has_landlock ? "ok" : "no", kept.files });
}

static int check_plan(const struct check_args *a, const struct plan *plan, struct err *err)
{
	static const struct column columns[] = {
		{ "Kind" }, { "Name" }, { "Needs" }, { "OK" }, { "Detail" }
	};
	struct listing *listing = listing_new(a->format, columns, ARRAY_LEN(columns), err);
	_cleanup_free_ bool *ok = xcalloc(plan->nprogs + 1, sizeof(*ok));
	_cleanup_free_ void *text = xcalloc(plan->nprogs + 1, DETAIL_MAX);
	struct verdicts verdicts = { .ok = ok, .text = text };
	const char *missing_map = NULL;
	uint64_t lacking;
	int ret;

	if (!listing)
		return -EINVAL;
	for (uint32_t i = 0; i < plan->nprogs; i++)
		ok[i] = explain_expect(&plan->progs[i], verdicts.text[i], DETAIL_MAX);
	for (uint32_t i = 0; i < plan->nprogs; i++)
		list_program(listing, plan, &verdicts, i);
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (plan->maps[i].source != SOURCE_ITER && plan->maps[i].source != SOURCE_GLOBALS &&
		    !list_map(listing, &plan->maps[i]))
			missing_map = plan->maps[i].symbol;
	lacking = list_caps(listing, plan, &verdicts);
	list_kept(listing);
	ret = listing_end(listing, err);
	return ret < 0 ? ret : judge(plan, &verdicts, missing_map, lacking, err);
}

static void free_object(struct object **object)
{
	object_free(*object);
}

/* What `run` would refuse before it asks the kernel, and the words that are missing. */
static int verdict(struct object *object, const char *name, struct err *err)
{
	const struct plan *plan = object_plan(object);
	int ret = object_would_start(object, err);

	if (ret >= 0 && plan_is_empty(plan)) {
		err_hint(err, "'bombus run -o none' runs it all the same");
		ret = err_set(err, EINVAL, "%s: nothing to show: %s", name, plan->advice);
	}
	if (ret < 0 && err)
		err->exit = EXIT_KERNEL;
	if (ret >= 0)
		log_info("%s would run here%s%s", name, plan->advice ? "; " : "",
			 plan->advice ? plan->advice : "");
	return ret;
}

static int run_check(const struct global_args *global, void *args, const struct words *words,
		     struct err *err)
{
	_cleanup_(free_object) struct object *object = NULL;
	_cleanup_(program_release) struct program program = { 0 };
	const struct check_args *a = args;
	_cleanup_(arena_release) struct arena arena = { 0 };
	struct object_opts opts;
	int ret;

	if (!words->count)
		return check_kernel(a, err);
	ret = object_words_parse(&a->object, &arena, &opts, err);
	if (ret >= 0)
		ret = program_open(&program, global, words->words[0], NULL, err);
	if (ret >= 0)
		ret = program_object(&object, &program, &opts, err);
	if (ret >= 0)
		ret = check_plan(a, object_plan(object), err);
	return ret < 0 ? ret : verdict(object, program.name, err);
}

static const struct opt check_opts[] = {
	{ 0, "attach", "PROG=TARGET", OPT_WORDS, offsetof(struct check_args, object.attach),
	  "check the program with this target, as if run attached it there" },
	{ 0, "format", "FORM", OPT_TEXT, offsetof(struct check_args, format),
	  "table, json, or a template such as '{{.Feature}} {{.OK}}'", .complete = "table json" },
	{ 0 },
};

const struct command cmd_check = {
	.name = "check",
	.usage = "[IMAGE|FILE.o|FILE.bpf.c]",
	.summary = "what this kernel can do, or what a program needs of it",
	.about = "Without a program, check tries every kind of program and map on the running "
		 "kernel, and shows the privileges of this process and the file systems that "
		 "matter. With a program it shows each hook and map, whether this kernel has it, "
		 "and which alternatives a run would take; each capability that the program "
		 "needs or could use, why, and whether this process has it; and what a run keeps "
		 "once everything is attached. Nothing stays loaded. The last line says whether "
		 "run would start the program, or which options are missing. The exit status is "
		 "3 if it would not run.",
	.examples = "bombus check\n"
		    "bombus check tcpconnlat\n"
		    "bombus check --format '{{.Feature}} {{.OK}}'",
	.opts = check_opts,
	.args_bytes = sizeof(struct check_args),
	.max_words = 1,
	.complete = "image",
	.run = run_check,
};
