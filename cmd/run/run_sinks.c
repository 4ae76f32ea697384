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

bool run_sinks_serve(const struct run_args *args)
{
	return args->metrics || args->prom_port;
}

static struct sink *new_json(const struct run_args *a)
{
	struct sink *sink = sink_json_new(STDOUT_FILENO);

	if (a->names)
		sink_json_names(sink);
	return sink;
}

static struct sink *new_table(const struct global_args *global, const struct run_args *a)
{
	const char *unknown = tui_unknown_type(STDIN_FILENO, STDOUT_FILENO);
	struct winsize size = { 0 };

	if (unknown && !a->output && !a->no_tty && !a->once)
		log_warn("this system does not know the terminal type '%s', so the table is "
			 "plain; TERM=xterm-256color suits most terminals",
			 unknown);
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return sink_table_new(STDOUT_FILENO, size.ws_col, want_color(global, STDOUT_FILENO));
}

static struct sink *output_new(const struct global_args *global, const struct run_args *a)
{
	const char *form = run_sinks_form(a);

	if (streq(form, "tui"))
		return new_tui(global, a);
	if (streq(form, "json"))
		return new_json(a);
	if (streq(form, "csv"))
		return sink_csv_new(STDOUT_FILENO);
	return streq(form, "table") ? new_table(global, a) : NULL;
}

static struct figures *process_figures_new(void)
{
	struct figures *figures = figures_new();

	figures_add(figures, &build_figures, NULL);
	figures_add(figures, &process_figures, NULL);
	return figures;
}

static int metrics_new(struct sink **ret, const struct run_args *a, struct figures *figures,
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
	if (!run_sinks_serve(a))
		return a->web_config ? err_usage(err, "--web-config guards metrics: --metrics is "
						      "missing")
				     : 0;
	if (a->prom_port) {
		snprintf(port, PORT_TEXT_MAX, ":%u", (unsigned)a->prom_port);
		opts.listen = port;
	}
	*ret = sink_prometheus_new(&opts);
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

/* A recording is sent only where that is asked for: the environment is meant for what runs. */
static int otlp_new(struct sink **ret, const struct run_sinks *sinks, const struct run_args *a,
		    struct err *err)
{
	const struct otlp_flags flags = { .url = a->otlp, .protocol = a->otlp_protocol };
	_cleanup_(otlp_config_release) struct otlp_config config = { 0 };
	struct naming naming;
	int code;

	if (sinks->together && !a->otlp)
		return 0;
	code = otlp_config_read(&config, &flags, get_variable, NULL, err);
	if (code < 0 || !otlp_config_is_on(&config))
		return code;
	code = naming_init(&naming, a->name_space, a->compat, err);
	if (code < 0)
		return code;
	warn_of_variables();
	*ret = sink_otlp_new(&config, &naming, sinks->figures);
	return 0;
}

/* Who asks for a free port has to be told which it is. */
static void tell_port(const struct sink *sink, const char *listen)
{
	const char *colon = strrchr(listen, ':'), *port = colon ? colon + 1 : listen;

	if (!port[strspn(port, "0")])
		log_info("metrics are on port %u", sink_prometheus_port(sink));
}

/* The recording and the output see the same; the others have threads of their own. */
static void add_all(struct run_sinks *sinks, struct sink *output, struct sink *metrics,
		    struct sink *otlp)
{
	struct sink *all[4];
	size_t count = 0;

	if (sinks->record.opts.path) {
		sinks->record.opts.alone = !output;
		all[count] = sink_record_new(&sinks->record.opts);
		sinks->recorder = all[count++];
	}
	if (output)
		all[count++] = output;
	if (!sinks->together) {
		host_add_sinks(sinks->host, all, count);
		host_add_sinks(sinks->host, &metrics, metrics != NULL);
		host_add_sinks(sinks->host, &otlp, otlp != NULL);
		return;
	}
	if (metrics)
		all[count++] = metrics;
	if (otlp)
		all[count++] = otlp;
	host_add_sinks(sinks->host, all, count);
}

int run_sinks_open(struct run_sinks *sinks, const struct global_args *global,
		   const struct run_args *args, int wake_fd, struct err *err)
{
	struct host_opts opts = { .max_records = args->count, .wake_fd = wake_fd };
	struct sink *metrics = NULL, *otlp = NULL;
	int ret;

	sinks->host = host_new(&opts);
	sinks->figures = process_figures_new();
	ret = metrics_new(&metrics, args, sinks->figures, err);
	if (ret >= 0)
		ret = otlp_new(&otlp, sinks, args, err);
	sinks->metrics = metrics;
	add_all(sinks, output_new(global, args), metrics, otlp);
	if (ret >= 0)
		ret = host_open(sinks->host, err);
	if (ret >= 0 && args->metrics && !args->prom_port)
		tell_port(metrics, args->metrics);
	return ret;
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
	int ret = host_stop(sinks->host, LEAVE_TIMEOUT_MS, ret_unwritten, err);

	if (ret == -EPIPE || ret == -ETIMEDOUT)
		ret = 0;
	if (sinks->recorder && ret == 0)
		ret = recording_ended(sinks, err);
	return ret;
}

void run_sinks_release(struct run_sinks *sinks)
{
	host_free(sinks->host);
	figures_free(sinks->figures);
	run_record_release(&sinks->record);
}
