// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/run_sinks.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/ioctl.h>

#include "base/err.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/run/main_loop.h"
#include "runner/sink/otlp/otlp.h"
#include "runner/tui/tui.h"

#define PORT_TEXT_MAX 16
#define VARIABLES_MAX_BYTES 1024

const char *run_sinks_form(const struct run_args *a)
{
	if (a->output)
		return a->output;
	if (a->record && streq(a->record, "-"))
		return "none";
	if (!isatty(STDOUT_FILENO))
		return "json";
	/* What is over at once is not looked at live. */
	return !a->no_tty && !a->once && tui_usable(STDIN_FILENO, STDOUT_FILENO) ? "tui" : "table";
}

bool run_sinks_interactive(const struct run_args *args)
{
	return streq(run_sinks_form(args), "tui");
}

static struct sink *new_tui(const struct global_args *global, const struct run_args *a)
{
	struct tui_opts opts = {
		.in_fd = STDIN_FILENO,
		.out_fd = STDOUT_FILENO,
		.theme = a->theme,
		.color = want_color(global, STDOUT_FILENO),
		.history_bytes = a->history_bytes,
		.interval_ns = a->interval_ns,
	};

	return sink_tui_new(&opts);
}

static void add(struct run_sinks *sinks, struct sink *sink)
{
	if (sink)
		sinks->sinks[sinks->count++] = sink;
}

struct sink *run_sinks_output(const struct global_args *global, const struct run_args *a)
{
	const char *form = run_sinks_form(a);
	struct winsize size = { 0 };

	if (streq(form, "tui"))
		return new_tui(global, a);
	if (streq(form, "json"))
		return sink_json_new(STDOUT_FILENO);
	if (streq(form, "csv"))
		return sink_csv_new(STDOUT_FILENO);
	if (!streq(form, "table"))
		return NULL;
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return sink_table_new(STDOUT_FILENO, size.ws_col, want_color(global, STDOUT_FILENO));
}

/* In front of the output, so that both see the same. */
static struct sink *recorded(struct run_sinks *sinks, struct sink *output)
{
	if (!sinks->record.opts.path)
		return output;
	output = sink_record_new(&sinks->record.opts, output);
	sinks->recorder = output;
	return output;
}

struct figures *run_sinks_figures(void)
{
	struct figures *figures = figures_new();

	figures_add(figures, &build_figures, NULL);
	figures_add(figures, &process_figures, NULL);
	return figures;
}

int run_sinks_metrics(struct sink **ret, const struct run_args *a, struct figures *figures,
		      struct err *err)
{
	char port[PORT_TEXT_MAX];
	struct prometheus_opts opts = {
		.listen = a->metrics,
		.web_config = a->web_config,
		.figures = figures,
	};
	int code = naming_init(&opts.naming, a->name_space, a->compat, err);

	if (code < 0)
		return code;

	if (a->prom_port) {
		snprintf(port, PORT_TEXT_MAX, ":%u", (unsigned)a->prom_port);
		opts.listen = port;
	}
	*ret = opts.listen ? sink_prometheus_new(&opts) : NULL;
	return 0;
}

static const char *get_variable(void *ctx, const char *name)
{
	return getenv(name);
}

/* Whoever sets one expects something of it. */
static void warn_of_variables(void)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT(VARIABLES_MAX_BYTES);

	for (char **v = environ; *v; v++) {
		size_t len = strcspn(*v, "=");

		if (!otlp_variable_is_unknown(*v, len) || !(*v)[len] || !(*v)[len + 1])
			continue;
		strbuf_adds(&names, names.len ? ", " : "");
		strbuf_add(&names, *v, len);
	}
	if (names.len)
		log_warn("not honoured: %s", strbuf_str(&names));
}

static int add_otlp(struct run_sinks *sinks, const struct run_args *a, struct err *err)
{
	const struct otlp_flags flags = { .url = a->otlp, .protocol = a->otlp_protocol };
	_cleanup_(otlp_config_release) struct otlp_config config = { 0 };
	struct naming naming;
	int ret = otlp_config_read(&config, &flags, get_variable, NULL, err);

	if (ret < 0 || !otlp_config_is_on(&config))
		return ret;
	ret = naming_init(&naming, a->name_space, a->compat, err);
	if (ret < 0)
		return ret;
	warn_of_variables();
	add(sinks, sink_otlp_new(&config, &naming, sinks->figures));
	return 0;
}

/* Who asks for a free port has to be told which it is. */
static void tell_port(const struct sink *sink, const char *listen)
{
	const char *colon = strrchr(listen, ':'), *port = colon ? colon + 1 : listen;

	if (!port[strspn(port, "0")])
		log_info("metrics are on port %u", sink_prometheus_port(sink));
}

int run_sinks_open(struct run_sinks *sinks, const struct global_args *global,
		   const struct run_args *args, const struct sink_env *env, int wake_fd,
		   struct err *err)
{
	struct sink *metrics;
	int code;

	sinks->figures = run_sinks_figures();
	code = run_sinks_metrics(&metrics, args, sinks->figures, err);
	if (code < 0)
		return code;
	add(sinks, recorded(sinks, run_sinks_output(global, args)));
	if (args->web_config && !args->metrics && !args->prom_port)
		return err_usage(err, "--web-config guards metrics: --metrics is missing");
	add(sinks, metrics);
	code = add_otlp(sinks, args, err);
	if (code < 0)
		return code;
	for (size_t i = 0; i < sinks->count; i++) {
		int ret = sink_host_open(&sinks->hosts[i], sinks->sinks[i], env, wake_fd, err);

		if (ret < 0)
			return ret;
	}
	if (args->metrics && !args->prom_port)
		tell_port(metrics, args->metrics);
	return 0;
}

int run_sinks_start(struct run_sinks *sinks, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < sinks->count && ret >= 0; i++)
		ret = sink_host_start(sinks->hosts[i], err);
	return ret;
}

void run_sinks_tick(struct run_sinks *sinks)
{
	for (size_t i = 0; i < sinks->count; i++)
		sink_host_tick(sinks->hosts[i]);
}

/* A recording that is not whole is said, though the run itself went well. */
static int recording_ended(const struct run_sinks *sinks, struct err *err)
{
	struct record_result r = sink_record_result(sinks->recorder);
	const char *path = sinks->record.opts.path;

	if (r.dropped)
		log_warn("%s: it was too slow for %" PRIu64 " records, which are not in it", path,
			 r.dropped);
	if (!r.error || r.error == -EPIPE)
		return 0;
	err_hint(err, "what is in it can be replayed");
	return err_sys(err, -r.error, "the recording %s ended early", path);
}

int run_sinks_stop(struct run_sinks *sinks, uint64_t *ret_unwritten, struct err *err)
{
	int ret = 0;

	*ret_unwritten = 0;
	for (size_t i = 0; i < sinks->count; i++) {
		uint64_t here = 0;
		int code = sink_host_stop(sinks->hosts[i], LEAVE_TIMEOUT_MS, &here, err);

		*ret_unwritten += here;
		if (code < 0 && code != -EPIPE && code != -ETIMEDOUT)
			ret = code;
	}
	if (sinks->recorder && ret == 0)
		ret = recording_ended(sinks, err);
	return ret;
}

void run_sinks_release(struct run_sinks *sinks)
{
	for (size_t i = 0; i < sinks->count; i++)
		if (sinks->hosts[i])
			sink_host_free(sinks->hosts[i]);
		else
			sinks->sinks[i]->ops->free(sinks->sinks[i]);
	figures_free(sinks->figures);
	run_record_release(&sinks->record);
}
