// SPDX-License-Identifier: Apache-2.0
/* Panels for each metric, variables for its labels, and panels for what bombus tells of itself. */
#include <jansson.h>

#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/run/dashboard.h"
#include "cmd/images/files.h"

#define SCHEMA_VERSION 38 /* Grafana 10's */
#define GRID_COLUMNS 24
#define PANEL_ROWS 8
#define EXPR_MAX_BYTES (1u << 20)
#define UID_MAX 40
#define TOP "20"
#define EVERY "job=~\"$job\",instance=~\"$instance\""

struct grafana {
	const struct dashboard *of;
	json_t *panels, *variables;
	int next_id, column, row;
};

__attribute__((format(printf, 1, 2))) static json_t *text(const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT(EXPR_MAX_BYTES);
	json_t *value;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	value = json_string(strbuf_str(&sb));
	strbuf_release(&sb);
	/* Help may hold any bytes. */
	return value ? value : json_string("");
}

static json_t *source(void)
{
	return json_pack("{s:s, s:s}", "type", "prometheus", "uid", "${datasource}");
}

static json_t *target(const char *expr, const char *legend, const char *format, bool instant)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:b, s:b}", "datasource", source(), "expr", expr,
			 "legendFormat", legend, "format", format, "instant", instant, "range",
			 !instant);
}

/* Takes the targets over. */
static void add_panel(struct grafana *d, const char *type, json_t *title, json_t *help,
		      const char *unit, int columns, json_t *targets, json_t *options)
{
	json_t *item;
	size_t i;

	if (d->column + columns > GRID_COLUMNS) {
		d->column = 0;
		d->row += PANEL_ROWS;
	}
	json_array_foreach(targets, i, item)
		json_object_set_new(item, "refId", text("%c", (char)('A' + i)));
	json_array_append_new(
		d->panels,
		json_pack("{s:i, s:s, s:o, s:o, s:o, s:{s:i, s:i, s:i, s:i}, s:o, s:o, "
			  "s:{s:{s:s}, s:[]}}",
			  "id", d->next_id++, "type", type, "title", title, "description", help,
			  "datasource", source(), "gridPos", "x", d->column, "y", d->row, "w",
			  columns, "h", PANEL_ROWS, "targets", targets, "options", options,
			  "fieldConfig", "defaults", "unit", unit, "overrides"));
	d->column += columns;
}

static void add_heading(struct grafana *d, const char *title)
{
	if (d->column)
		d->row += PANEL_ROWS;
	d->column = 0;
	json_array_append_new(d->panels,
			      json_pack("{s:i, s:s, s:o, s:b, s:[], s:{s:i, s:i, s:i, s:i}}", "id",
					d->next_id++, "type", "row", "title", text("%s", title),
					"collapsed", 0, "panels", "gridPos", "x", 0, "y", d->row,
					"w", GRID_COLUMNS, "h", 1));
	d->row++;
}

static void add_variable(struct grafana *d, const char *name, const char *query)
{
	json_array_append_new(d->variables,
			      json_pack("{s:s, s:s, s:o, s:{s:s, s:s}, s:s, s:i, s:b, s:b, s:s, "
					"s:{s:[s], s:[s]}}",
					"type", "query", "name", name, "datasource", source(),
					"query", "query", query, "refId", name, "definition", query,
					"refresh", 2, "multi", 1, "includeAll", 1, "allValue", ".*",
					"current", "text", "All", "value", "$__all"));
}

static bool has_variable(const struct grafana *d, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(d->variables, i,
			   item) if (streq(json_string_value(json_object_get(item, "name")),
					   name)) return true;
	return false;
}

static void add_label_variables(struct grafana *d, const struct metric_plan *metric)
{
	const char *suffix = metric->families[0].type == METRIC_HISTOGRAM ? "_count" : "";
	_cleanup_free_ char *name = naming_prometheus(&d->of->naming, metric, &metric->families[0]);

	for (uint32_t i = 0; i < metric->nlabels; i++) {
		const char *label = naming_scraped(metric->labels[i].name);
		_cleanup_free_ char *query =
			xasprintf("label_values(%s%s{" EVERY "}, %s)", name, suffix, label);

		if (!has_variable(d, label))
			add_variable(d, label, query);
	}
}

/* {job=~"$job",...,comm=~"$comm"} */
static char *selector(const struct dashboard *of, const struct metric_plan *metric)
{
	_cleanup_free_ char *program = dashboard_program_matcher(of, metric);
	struct strbuf sb = STRBUF_INIT(EXPR_MAX_BYTES);

	strbuf_addf(&sb, "{" EVERY "%s%s", *program ? "," : "", program);
	for (uint32_t i = 0; i < metric->nlabels; i++) {
		const char *label = naming_scraped(metric->labels[i].name);

		strbuf_addf(&sb, ",%s=~\"$%s\"", label, label);
	}
	strbuf_addc(&sb, '}');
	return strbuf_steal(&sb);
}

static json_t *no_options(void)
{
	return json_pack("{s:{s:s}, s:{s:s, s:s}}", "tooltip", "mode", "multi", "legend",
			 "displayMode", "table", "placement", "bottom");
}

static void add_histogram(struct grafana *d, const struct metric_plan *metric, const char *name,
			  const struct family *family, const char *select)
{
	static const char *const quantiles[] = { "0.5", "0.9", "0.99" };
	_cleanup_free_ char *heat =
		xasprintf("sum by (le) (rate(%s_bucket%s[$__rate_interval]))", name, select);
	json_t *targets = json_array();

	add_panel(d, "heatmap", text("%s", name), text("%s", family->help), "cps", 12,
		  json_pack("[o]", target(heat, "{{le}}", "heatmap", false)),
		  json_pack("{s:b, s:{s:s}, s:{s:s, s:s}}", "calculate", 0, "yAxis", "unit",
			    naming_panel_unit(family->unit, false), "color", "mode", "scheme",
			    "scheme", "Oranges"));
	for (size_t i = 0; i < ARRAY_LEN(quantiles); i++) {
		_cleanup_free_ char *expr = xasprintf(
			"histogram_quantile(%s, sum by (le) (rate(%s_bucket%s[$__rate_interval])))",
			quantiles[i], name, select);

		json_array_append_new(targets, target(expr, quantiles[i], "time_series", false));
	}
	add_panel(d, "timeseries", text("%s, quantiles", name), text("%s", family->help),
		  naming_panel_unit(family->unit, false), 12, targets, no_options());
}

static void add_counter(struct grafana *d, const struct metric_plan *metric, const char *name,
			const struct family *family, const char *select)
{
	_cleanup_free_ char *by = dashboard_labels(metric, false),
			    *legend = dashboard_labels(metric, true);
	_cleanup_free_ char *rate = xasprintf(
		"topk(" TOP ", sum by (%s) (rate(%s%s[$__rate_interval])))", by, name, select);
	_cleanup_free_ char *top = xasprintf(
		"topk(" TOP ", sum by (%s) (increase(%s%s[$__range])))", by, name, select);

	add_panel(d, "timeseries", text("%s, per second", name), text("%s", family->help),
		  naming_panel_unit(family->unit, true), metric->nlabels ? 14 : GRID_COLUMNS,
		  json_pack("[o]", target(rate, legend, "time_series", false)), no_options());
	if (metric->nlabels)
		add_panel(d, "table", text("%s, top series", name), text("%s", family->help),
			  naming_panel_unit(family->unit, false), 10,
			  json_pack("[o]", target(top, "", "table", true)),
			  json_pack("{s:b}", "showHeader", 1));
}

static void add_gauge(struct grafana *d, const struct metric_plan *metric, const char *name,
		      const struct family *family, const char *select)
{
	_cleanup_free_ char *legend = dashboard_labels(metric, true);
	_cleanup_free_ char *expr = xasprintf("topk(" TOP ", %s%s)", name, select);

	add_panel(d, "timeseries", text("%s", name), text("%s", family->help),
		  naming_panel_unit(family->unit, false), 12,
		  json_pack("[o]", target(expr, legend, "time_series", false)), no_options());
}

static void add_map(struct grafana *d, const struct metric_plan *metric)
{
	_cleanup_free_ char *select = selector(d->of, metric);

	add_heading(d, metric->map->name);
	add_label_variables(d, metric);
	for (uint32_t i = 0; i < metric->nfamilies; i++) {
		const struct family *family = &metric->families[i];
		_cleanup_free_ char *name = naming_prometheus(&d->of->naming, metric, family);

		if (family->type == METRIC_HISTOGRAM)
			add_histogram(d, metric, name, family, select);
		else if (family->type == METRIC_COUNTER)
			add_counter(d, metric, name, family, select);
		else
			add_gauge(d, metric, name, family, select);
	}
}

static void add_own(struct grafana *d)
{
	static const struct {
		const char *title, *expr, *legend, *unit;
	} panels[] = {
		{ "Events read, per second",
		  "sum by (instance, program, map) (rate(bombus_events_read_total{" EVERY
		  "}[$__rate_interval]))",
		  "{{instance}} {{program}} {{map}}", "cps" },
		{ "Events lost or dropped, per second",
		  "sum by (instance, program, map) (rate(bombus_events_lost_total{" EVERY
		  "}[$__rate_interval]) or rate(bombus_events_dropped_total{" EVERY
		  "}[$__rate_interval]))",
		  "{{instance}} {{program}} {{map}}", "cps" },
		{ "How full maps are", "bombus_map_fill_ratio{" EVERY "}",
		  "{{instance}} {{program}} {{map}}", "percentunit" },
		{ "Time in programs",
		  "sum by (instance, program, function) "
		  "(rate(bombus_program_run_seconds_total{" EVERY "}[$__rate_interval]))",
		  "{{instance}} {{program}} {{function}}", "percentunit" },
		{ "Series", "bombus_series{" EVERY "}", "{{instance}} {{program}} {{map}}",
		  "short" },
		{ "Memory", "process_resident_memory_bytes{" EVERY "}", "{{instance}}", "bytes" },
	};

	add_heading(d, "bombus");
	for (size_t i = 0; i < ARRAY_LEN(panels); i++)
		add_panel(d, "timeseries", text("%s", panels[i].title), text("%s", ""),
			  panels[i].unit, 12,
			  json_pack("[o]",
				    target(panels[i].expr, panels[i].legend, "time_series", false)),
			  no_options());
}

/* Letters, digits and '-' of the name: one dashboard a program, however often it is made. */
static char *uid_of(const char *name)
{
	struct strbuf sb = STRBUF_INIT(UID_MAX);

	strbuf_adds(&sb, "bombus-");
	for (; *name && !sb.full; name++) {
		bool plain = (*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9');

		strbuf_addc(&sb, plain ? *name : '-');
	}
	return strbuf_steal(&sb);
}

int dashboard_print_grafana(const struct dashboard *of, struct err *err)
{
	struct grafana grafana = { .of = of, .next_id = 1 }, *d = &grafana;
	_cleanup_free_ char *uid = uid_of(d->of->name);
	json_t *root;

	d->panels = json_array();
	d->variables = json_pack("[{s:s, s:s, s:s, s:s}]", "type", "datasource", "name",
				 "datasource", "label", "Data source", "query", "prometheus");
	add_variable(d, "job", "label_values(bombus_build_info, job)");
	add_variable(d, "instance", "label_values(bombus_build_info{job=~\"$job\"}, instance)");
	for (uint32_t i = 0; i < d->of->plan->nmaps; i++)
		if (dashboard_exports(of, i))
			add_map(d, d->of->selection.metrics[i]);
	add_own(d);
	root = json_pack("{s:s, s:o, s:[s], s:i, s:i, s:b, s:s, s:{s:s, s:s}, s:{s:o}, s:{s:[]}, "
			 "s:o}",
			 "uid", uid, "title", text("bombus: %s", d->of->name), "tags", "bombus",
			 "schemaVersion", SCHEMA_VERSION, "version", 1, "editable", 1, "refresh",
			 "10s", "time", "from", "now-1h", "to", "now", "templating", "list",
			 d->variables, "annotations", "list", "panels", d->panels);
	return file_print_json(root, err);
}
