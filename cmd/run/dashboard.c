// SPDX-License-Identifier: Apache-2.0
/* `bombus dashboard`. Nothing is loaded. */
#include <errno.h>

#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/run/dashboard.h"
#include "cmd/run/object_words.h"
#include "cmd/run/program.h"
#include "cmd/run/select_words.h"
#include "runner/load/attach/object.h"
#include "runner/read/span/span.h"

struct dashboard_args {
	bool rules;
	const char *name_space;
	struct object_words object;
	struct select_words select;
};

static int run_dashboard(const struct global_args *global, void *args, const struct words *words,
			 struct err *err)
{
	const struct dashboard_args *a = args;
	struct object_opts opts;
	struct dashboard d = { 0 };
	_cleanup_(program_release) struct program program = { 0 };
	_cleanup_(arena_release) struct arena arena = { 0 };
	struct select_opts select;
	struct object *object = NULL;
	int ret = naming_init(&d.naming, a->name_space, NULL, err);

	if (ret >= 0)
		ret = object_words_parse(&a->object, &arena, &opts, err);
	if (ret >= 0)
		ret = program_open(&program, global, words->words[0], NULL, err);
	if (ret >= 0)
		ret = program_object(&object, &program, &opts, err);
	if (ret < 0)
		return ret;
	d.name = program.name;
	snprintf(d.program, sizeof(d.program), "%.*s", (int)program_service(d.name).len,
		 program_service(d.name).ptr);
	/* It stands in expressions and in YAML. */
	for (char *c = d.program; *c; c++)
		if (strchr("\"'\\{}\n", *c))
			*c = '.';
	d.plan = object_plan(object);
	ret = select_words_parse(&a->select, &arena, &select, err);
	if (ret >= 0)
		ret = select_maps(d.plan, &select, &d.selection, err);
	if (ret >= 0 && a->rules)
		dashboard_print_rules(&d);
	else if (ret >= 0)
		ret = dashboard_print_grafana(&d, err);
	selection_release(d.plan, &d.selection);
	object_free(object);
	return ret;
}

#define ARG(member) offsetof(struct dashboard_args, member)
static const struct opt dashboard_opts[] = {
	{ 0, "rules", NULL, OPT_FLAG, ARG(rules),
	  "recording and alerting rules for Prometheus instead" },
	{ 0, "namespace", "WORD", OPT_TEXT, ARG(name_space), "first part of metric names (ebpf)" },
	{ 0, "map", "MAP=ROLE", OPT_WORDS, ARG(object.map), "as for run, as are the following" },
	{ 0, "name", "MAP=NAME", OPT_WORDS, ARG(object.names), "name of a map" },
	{ 0, "as", "MAP,FIELD=MEANING", OPT_WORDS, ARG(object.as),
	  "meaning of a field: errno, syscall, signal, uid, duration_us, ktime_ns, unix_ns, size, "
	  "address, port, dev, kstack:MAP, flags:ENUM, enum:ENUM, text, hex, number, ..." },
	{ 0, "label", "MAP,FIELD=NAME", OPT_WORDS, ARG(object.field_names), "name of a field" },
	{ 0, "labels", "MAP=A,B", OPT_WORDS, ARG(select.labels),
	  "exactly these fields are labels" },
	{ 0, "drop-label", "MAP=A,B", OPT_WORDS, ARG(select.drop_labels),
	  "these fields are no labels" },
	{ 0, "per-cpu", NULL, OPT_FLAG, ARG(select.per_cpu), "values are split by a label cpu" },
	{ 'b', "hist-buckets", "MAP,BUCKETS", OPT_WORDS, ARG(select.hist_buckets),
	  "bounds of a histogram, or how the kernel side numbers them, and the unit: [1,2,3], "
	  "'exp2 0 27 us', 'linear 10 0 100'" },
	{ 'k', "hist-value-key", "MAP,FIELD", OPT_WORDS, ARG(select.hist_keys),
	  "the field that a histogram made of events observes" },
	{ 0 },
};

const struct command cmd_dashboard = {
	.name = "dashboard",
	.usage = "IMAGE|FILE.o|FILE.bpf.c|-",
	.summary = "make a Grafana dashboard, or Prometheus rules",
	.about = "dashboard makes a dashboard for Grafana 10 or later with panels for each "
		 "metric that the program exports: rates and the largest series of counters, "
		 "gauges, heat maps and quantiles of histograms, and bombus' figures about "
		 "itself, with variables for job, instance and labels. It works from the "
		 "program's types and loads nothing.",
	.examples = "bombus dashboard biolatency > biolatency.json\n"
		    "bombus dashboard tcpconnlat --map events=histogram > tcpconnlat.json\n"
		    "bombus dashboard biolatency --rules > /etc/prometheus/rules/biolatency.yml",
	.environment = "BOMBUS_STORE  folder of the local images",
	.opts = dashboard_opts,
	.args_bytes = sizeof(struct dashboard_args),
	.min_words = 1,
	.max_words = 1,
	.complete = "image",
	.run = run_dashboard,
};
