// SPDX-License-Identifier: Apache-2.0
#include "cmd/run_sinks.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "base/util.h"

/* How long a reader that stalls may hold us up when leaving. */
#define LEAVE_TIMEOUT_MS 2000
#define PORT_TEXT_MAX 16

const char *run_sinks_form(const struct run_args *a)
{
	if (a->output)
		return a->output;
	if (a->record && streq(a->record, "-"))
		return "none";
	return isatty(STDOUT_FILENO) ? "table" : "json";
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

struct sink *run_sinks_metrics(const struct run_args *a)
{
	char port[PORT_TEXT_MAX];
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
	return opts.listen ? sink_prometheus_new(&opts) : NULL;
}

int run_sinks_open(struct run_sinks *sinks, const struct global_args *global,
		   const struct run_args *args, const struct sink_env *env, int wake_fd,
		   struct err *err)
{
	add(sinks, recorded(sinks, run_sinks_output(global, args)));
	add(sinks, run_sinks_metrics(args));
	for (size_t i = 0; i < sinks->count; i++) {
		int ret = sink_host_open(&sinks->hosts[i], sinks->sinks[i], env, wake_fd, err);

		if (ret < 0)
			return ret;
	}
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
	run_record_release(&sinks->record);
}
