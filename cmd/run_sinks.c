// SPDX-License-Identifier: Apache-2.0
#include "cmd/run_sinks.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"

/* How long a reader that stalls may hold us up when leaving. */
#define LEAVE_TIMEOUT_MS 2000
#define PORT_TEXT_MAX 16

static const char *output_form(const struct run_args *a)
{
	if (a->output)
		return a->output;
	return isatty(STDOUT_FILENO) ? "table" : "json";
}

static void add(struct run_sinks *sinks, struct sink *sink)
{
	sinks->sinks[sinks->count++] = sink;
}

static void add_output(struct run_sinks *sinks, const struct global_args *global,
		       const struct run_args *a)
{
	const char *form = output_form(a);
	struct winsize size = { 0 };

	if (streq(form, "json"))
		add(sinks, sink_json_new(STDOUT_FILENO));
	else if (streq(form, "csv"))
		add(sinks, sink_csv_new(STDOUT_FILENO));
	else if (streq(form, "table")) {
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
		add(sinks,
		    sink_table_new(STDOUT_FILENO, size.ws_col, want_color(global, STDOUT_FILENO)));
	}
}

static void add_prometheus(struct run_sinks *sinks, const struct run_args *a,
			   char port[PORT_TEXT_MAX])
{
	struct prometheus_opts opts = {
		.listen = a->metrics,
		.namespace_ = a->name_space ? a->name_space : "ebpf",
		.compat_bee = a->compat != NULL,
		.web_config = a->web_config,
	};

	if (a->prom_port) {
		snprintf(port, PORT_TEXT_MAX, ":%u", (unsigned)a->prom_port);
		opts.listen = port;
	}
	if (opts.listen)
		add(sinks, sink_prometheus_new(&opts));
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
	char port[PORT_TEXT_MAX];

	add_output(sinks, global, args);
	if (args->web_config && !args->metrics && !args->prom_port)
		return err_usage(err, "--web-config guards metrics: --metrics is missing");
	add_prometheus(sinks, args, port);
	for (size_t i = 0; i < sinks->count; i++) {
		int ret = sink_host_open(&sinks->hosts[i], sinks->sinks[i], env, wake_fd, err);

		if (ret < 0)
			return ret;
	}
	/* They were added last. */
	if (args->metrics && !args->prom_port)
		tell_port(sinks->sinks[sinks->count - 1], args->metrics);
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
	return ret;
}

void run_sinks_release(struct run_sinks *sinks)
{
	for (size_t i = 0; i < sinks->count; i++)
		if (sinks->hosts[i])
			sink_host_free(sinks->hosts[i]);
		else
			sinks->sinks[i]->ops->free(sinks->sinks[i]);
}
