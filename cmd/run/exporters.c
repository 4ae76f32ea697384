// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/exporters.h"

#include <sys/ioctl.h>

#include "base/err.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/sink/dogstatsd/dogstatsd.h"
#include "runner/sink/otlp/otlp.h"
#include "runner/tui/tui.h"

#define PORT_TEXT_MAX 16
#define VARIABLES_MAX_BYTES 1024

static int new_tui(struct sink **ret, const struct export_env *env, struct err *err)
{
	const struct run_args *a = env->args;
	struct tui_opts opts = {
		.in_fd = STDIN_FILENO,
		.out_fd = STDOUT_FILENO,
		.theme = a->theme,
		.color = want_color(env->global, STDOUT_FILENO),
		.history_bytes = a->history_bytes,
		.interval_ns = a->interval_ns,
		.files = env->files,
	};

	*ret = sink_tui_new(&opts);
	return 0;
}

static int new_table(struct sink **ret, const struct export_env *env, struct err *err)
{
	const struct run_args *a = env->args;
	const char *unknown = tui_unknown_type(STDIN_FILENO, STDOUT_FILENO);
	struct winsize size = { 0 };

	if (unknown && !a->output && !a->no_tty && !a->once)
		log_warn("this system does not know the terminal type '%s', so the table is "
			 "plain; TERM=xterm-256color suits most terminals",
			 unknown);
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*ret = sink_table_new(STDOUT_FILENO, size.ws_col, want_color(env->global, STDOUT_FILENO));
	return 0;
}

static int new_json(struct sink **ret, const struct export_env *env, struct err *err)
{
	*ret = sink_json_new(STDOUT_FILENO);
	if (env->args->names)
		sink_json_names(*ret);
	return 0;
}

#define NO_FUNCTION(word, help)
#define NEW_PLAIN(word, help)                                                                      \
	struct sink *sink_##word##_new(int fd);                                                    \
	static int new_##word(struct sink **ret, const struct export_env *env, struct err *err)    \
	{                                                                                          \
		*ret = sink_##word##_new(STDOUT_FILENO);                                           \
		return 0;                                                                          \
	}
EXPORT_FORMS(NO_FUNCTION, NEW_PLAIN)

static int new_metrics(struct sink **ret, const struct export_env *env, struct err *err)
{
	const struct run_args *a = env->args;
	char port[PORT_TEXT_MAX];
	struct prometheus_opts opts = {
		.listen = a->metrics,
		.web_config = a->web_config,
		.figures = env->figures,
		.hooks = env->hooks,
		.listen_fd = env->listen_fd,
		.has_reload = env->has_reload,
	};
	int code = naming_init(&opts.naming, a->name_space, a->compat, err);

	if (code < 0)
		return code;
	if (!a->metrics && !a->prom_port)
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

/* A free port that was asked for. Off a terminal, and of the agent, where metrics are served. */
static void tell_address(const struct sink *sink, const struct export_env *env)
{
	bool always = env->hooks || !isatty(STDERR_FILENO);
	const char *listen = env->args->metrics;
	const char *colon = listen ? strrchr(listen, ':') : NULL,
		   *port = colon ? colon + 1 : listen;

	if (env->listen_fd)
		log_info("metrics are served on the socket that systemd handed over");
	else if (env->args->prom_port && always)
		log_info("metrics are served on port %u of all interfaces",
			 (unsigned)env->args->prom_port);
	else if (!env->args->prom_port && port && !port[strspn(port, "0")])
		log_info("metrics are on port %u", sink_prometheus_port(sink));
	else if (!env->args->prom_port && listen && always)
		log_info("metrics are served on %s", listen);
}

static const char *get_variable(void *ctx, const char *name)
{
	return getenv(name);
}

/* A variable that is set and has no effect. */
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
static int new_otlp(struct sink **ret, const struct export_env *env, struct err *err)
{
	const struct run_args *a = env->args;
	const struct otlp_flags flags = { .url = a->otlp, .protocol = a->otlp_protocol };
	_cleanup_(otlp_config_release) struct otlp_config config = { 0 };
	struct naming naming;
	int code;

	if (env->recorded && !a->otlp)
		return 0;
	code = otlp_config_read(&config, &flags, get_variable, NULL, err);
	if (code < 0 || !otlp_config_is_on(&config))
		return code;
	code = naming_init(&naming, a->name_space, a->compat, err);
	if (code < 0)
		return code;
	warn_of_variables();
	*ret = sink_otlp_new(&config, &naming, env->figures);
	return 0;
}

static int new_dogstatsd(struct sink **ret, const struct export_env *env, struct err *err)
{
	const struct run_args *a = env->args;
	const struct dogstatsd_flags flags = {
		.address = a->dogstatsd,
		.tags = a->dogstatsd_tags.words,
		.ntags = a->dogstatsd_tags.count,
		.interval_ns = a->dogstatsd_interval_ns,
		.histograms = a->dogstatsd_histograms,
	};
	_cleanup_(dogstatsd_config_release) struct dogstatsd_config config = { 0 };
	struct naming naming;
	int code;

	if (!a->dogstatsd)
		return flags.ntags || flags.interval_ns || flags.histograms
			       ? err_usage(err, "--dogstatsd is missing: there is nothing to send")
			       : 0;
	code = naming_init(&naming, a->name_space, a->compat, err);
	if (code >= 0)
		code = dogstatsd_config_read(&config, &flags, get_variable, NULL, err);
	if (code >= 0)
		*ret = sink_dogstatsd_new(&config, &naming, env->figures);
	return code;
}

#define FORM(word, help) { .name = #word, .is_form = true, .new = new_##word },
const struct exporter exporters[] = {
	EXPORT_FORMS(FORM, FORM){ .name = "metrics", .new = new_metrics, .opened = tell_address },
	{ .name = "otlp", .new = new_otlp },
	{ .name = "dogstatsd", .new = new_dogstatsd },
	{ 0 },
};
