// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/outputs.h"

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "cmd/agent/json_file.h"
#include "cmd/run/exporters.h"

#define DEFAULT_KEEP 5

/* One exporter of the agent. */
struct output {
	struct agent_config *config; /* that it was made from; held */
	struct sink *sink;	     /* of the host; NULL: it does not run */
	struct json_file json;	     /* of the exporter json */
};

struct outputs {
	struct outputs_opts opts;
	struct host *host;
	struct output all[EXPORTERS_COUNT]; /* by number */
};

struct outputs *outputs_new(const struct outputs_opts *opts)
{
	struct outputs *o = xcalloc(1, sizeof(*o));

	o->opts = *opts;
	o->host = host_new(&opts->host);
	return o;
}

void outputs_free(struct outputs *o)
{
	if (!o)
		return;
	host_free(o->host);
	for (size_t i = 0; i < EXPORTERS_COUNT; i++)
		agent_config_unref(o->all[i].config);
	free(o);
}

struct host *outputs_host(struct outputs *o)
{
	return o->host;
}

void outputs_tick(struct outputs *o)
{
	for (size_t i = 0; i < EXPORTERS_COUNT; i++)
		if (o->all[i].sink)
			json_file_tick(&o->all[i].json);
}

/* --- making one --- */

static int open_json(struct output *ret, const struct agent_config *config, struct export_env *env,
		     struct err *err)
{
	const struct own_args *own = &config->own;
	int code;

	ret->json = (struct json_file){ .path = own->file ? own->file : "-",
					.max_bytes = own->max_bytes,
					.max_age_ns = own->max_age_ns,
					.keep = own->keep ? own->keep : DEFAULT_KEEP };
	code = json_file_open(&ret->json, err);
	env->out_fd = ret->json.fd;
	env->gives_fd = ret->json.fd > STDERR_FILENO;
	return code;
}

static int make_env(const struct outputs *o, const struct agent_config *config,
		    struct export_env *ret, struct err *err)
{
	*ret = (struct export_env){ .figures = o->opts.figures,
				    .hooks = o->opts.hooks,
				    .has_reload = config->own.reload,
				    .interval_ns = config->args.interval_ns };
	return naming_init(&ret->naming, config->args.name_space, config->args.compat, err);
}

/* The socket that the new one takes over; 0: it makes its own. `old` NULL: it is the first. */
static int keep_socket(const struct outputs *o, size_t number, const struct output *old,
		       const struct agent_config *config)
{
	const struct exporter *e = exporters[number];

	if (!e->keep || (old && !old->sink))
		return 0;
	return old ? e->keep(old->sink, old->config->exports.args[number],
			     config->exports.args[number], o->opts.listen_fd != 0)
		   : o->opts.listen_fd;
}

static int make(const struct outputs *o, size_t number, struct output *ret,
		const struct output *old, struct agent_config *config, struct err *err)
{
	struct export_env env;
	int code = make_env(o, config, &env, err);

	*ret = (struct output){ .json.fd = -1 };
	env.listen_fd = keep_socket(o, number, old, config);
	if (env.listen_fd < 0)
		return err_sys(err, -env.listen_fd, "cannot keep the HTTP server's socket");
	if (code >= 0 && number == EXPORT_json)
		code = open_json(ret, config, &env, err);
	if (code >= 0)
		code = exporters[number]->new (&ret->sink, config->exports.args[number], &env, err);
	if (code < 0)
		return code;
	ret->config = agent_config_ref(config);
	return 0;
}

/* Logs where it listens. */
static void log_opened(const struct outputs *o, size_t number)
{
	const struct output *output = &o->all[number];
	struct export_env env;

	if (!output->sink || !exporters[number]->opened ||
	    make_env(o, output->config, &env, NULL) < 0)
		return;
	env.listen_fd = o->opts.listen_fd;
	exporters[number]->opened(output->sink, output->config->exports.args[number], &env);
}

/* --- the first configuration --- */

int outputs_open(struct outputs *o, struct agent_config *config, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < EXPORTERS_COUNT && ret >= 0; i++) {
		if (!(config->exporters & KEY_EXPORT(i)))
			continue;
		ret = make(o, i, &o->all[i], NULL, config, err);
		if (o->all[i].sink)
			host_add_sinks(o->host, &o->all[i].sink, 1);
	}
	if (ret >= 0)
		ret = host_open(o->host, err);
	if (ret >= 0)
		ret = host_start(o->host, err);
	for (size_t i = 0; i < EXPORTERS_COUNT && ret >= 0; i++)
		log_opened(o, i);
	return ret;
}

/* --- another one --- */

static int exchange(struct outputs *o, size_t number, struct agent_config *config, struct err *err)
{
	struct output *old = &o->all[number], fresh = { .json.fd = -1 };
	bool wanted = config->exporters & KEY_EXPORT(number), gone = false;
	int ret = wanted ? make(o, number, &fresh, old, config, err) : 0;

	if (ret >= 0)
		ret = host_exchange(o->host, old->sink, fresh.sink, &gone, err);
	if (ret < 0) {
		agent_config_unref(fresh.config);
		err_wrap(err, "the exporter %s %s", exporters[number]->type,
			 gone ? "is gone" : "stays as it was");
		if (!gone)
			return ret;
		fresh = (struct output){ 0 };
	}
	agent_config_unref(old->config);
	*old = fresh;
	if (ret < 0)
		return ret;
	log_info("the exporter %s is %s", exporters[number]->type, wanted ? "in use" : "gone");
	log_opened(o, number);
	return 0;
}

static bool has_changed(const struct outputs *o, size_t number, const struct agent_config *config)
{
	const struct agent_config *old = o->all[number].config;
	const char *is = old ? old->exporter_ids[number] : NULL;
	const char *wanted = config->exporter_ids[number];

	return is && wanted ? !streq(is, wanted) : is != wanted;
}

int outputs_apply(struct outputs *o, struct agent_config *config, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < EXPORTERS_COUNT; i++) {
		struct err why = { 0 };
		int code;

		if (!has_changed(o, i, config))
			continue;
		code = exchange(o, i, config, &why);
		if (code >= 0)
			continue;
		ret = code;
		if (err)
			*err = why;
		log_error("%s", why.msg);
		if (why.hint[0])
			log_error("hint: %s", why.hint);
	}
	return ret;
}
