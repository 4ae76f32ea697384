// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/outputs.h"

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "cmd/agent/json_file.h"
#include "cmd/run/exporters.h"

#define DEFAULT_KEEP 5

/* One that runs. */
struct output {
	struct agent_config *config; /* held: that which it was made from */
	struct sink *sink;	     /* of the host; NULL: it does not run */
	struct json_file json;	     /* of the exporter json */
};

struct outputs {
	struct outputs_opts opts;
	struct host *host;
	struct output all[CONFIG_MAX_EXPORTERS]; /* by their place */
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
	for (size_t i = 0; i < CONFIG_MAX_EXPORTERS; i++)
		agent_config_unref(o->all[i].config);
	free(o);
}

struct host *outputs_host(struct outputs *o)
{
	return o->host;
}

void outputs_tick(struct outputs *o)
{
	for (size_t i = 0; i < CONFIG_MAX_EXPORTERS; i++)
		if (o->all[i].sink)
			json_file_tick(&o->all[i].json);
}

/* --- making one --- */

static const struct exporter *row_of(const struct exporter_type *type)
{
	for (const struct exporter *e = exporters; e->name; e++)
		if (type->row && streq(type->row, e->name))
			return e;
	return NULL;
}

static int make_json(struct output *ret, const struct agent_config *config, struct err *err)
{
	const struct own_args *own = &config->own;
	int code;

	ret->json = (struct json_file){ .path = own->file ? own->file : "-",
					.max_bytes = own->max_bytes,
					.max_age_ns = own->max_age_ns,
					.keep = own->keep ? own->keep : DEFAULT_KEEP };
	code = json_file_open(&ret->json, err);
	if (code < 0)
		return code;
	ret->sink = sink_json_new(ret->json.fd);
	if (ret->json.fd > STDERR_FILENO)
		sink_json_own_fd(ret->sink);
	if (config->args.names)
		sink_json_names(ret->sink);
	return 0;
}

static bool same_address(const struct agent_config *a, const struct agent_config *b)
{
	return a->args.prom_port == b->args.prom_port && streq(a->args.metrics, b->args.metrics);
}

static struct export_env env_of(const struct outputs *o, const struct agent_config *config)
{
	return (struct export_env){ .global = o->opts.global,
				    .args = &config->args,
				    .figures = o->opts.figures,
				    .hooks = o->opts.hooks,
				    .has_reload = config->own.reload };
}

/* `old` NULL: it is the first. */
static int make(const struct outputs *o, const struct exporter_type *type, struct output *ret,
		const struct output *old, struct agent_config *config, struct err *err)
{
	struct export_env env = env_of(o, config);
	int code;

	*ret = (struct output){ .json.fd = -1 };
	if (type->place == KEY_PROMETHEUS && old && old->sink) {
		if (o->opts.listen_fd || same_address(config, old->config))
			env.listen_fd = sink_prometheus_dup(old->sink);
		if (env.listen_fd < 0)
			return err_sys(err, -env.listen_fd, "cannot keep the HTTP server's socket");
	} else if (type->place == KEY_PROMETHEUS && !old) {
		env.listen_fd = o->opts.listen_fd;
	}
	code = type->place == KEY_JSON ? make_json(ret, config, err)
				       : row_of(type)->new (&ret->sink, &env, err);
	if (code < 0)
		return code;
	ret->config = agent_config_ref(config);
	return 0;
}

/* Where it listens, for people. */
static void tell_opened(const struct outputs *o, const struct exporter_type *type,
			const struct output *output)
{
	const struct exporter *row = row_of(type);
	struct export_env env;

	if (!output->sink || !row || !row->opened)
		return;
	env = env_of(o, output->config);
	env.listen_fd = o->opts.listen_fd;
	row->opened(output->sink, &env);
}

/* --- the first configuration --- */

/* "datadog" is another word for the type before it. */
static bool is_alias(size_t i)
{
	return i > 0 && exporter_types[i].place == exporter_types[i - 1].place;
}

int outputs_open(struct outputs *o, struct agent_config *config, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < EXPORTER_TYPES && ret >= 0; i++) {
		const struct exporter_type *type = &exporter_types[i];
		struct output *output = &o->all[exporter_index(type->place)];

		if (is_alias(i) || !(config->exporters & type->place))
			continue;
		ret = make(o, type, output, NULL, config, err);
		if (output->sink)
			host_add_sinks(o->host, &output->sink, 1);
	}
	if (ret >= 0)
		ret = host_open(o->host, err);
	if (ret >= 0)
		ret = host_start(o->host, err);
	for (size_t i = 0; i < EXPORTER_TYPES && ret >= 0; i++)
		if (!is_alias(i))
			tell_opened(o, &exporter_types[i],
				    &o->all[exporter_index(exporter_types[i].place)]);
	return ret;
}

/* --- another one --- */

static int exchange(struct outputs *o, const struct exporter_type *type,
		    struct agent_config *config, struct err *err)
{
	struct output *old = &o->all[exporter_index(type->place)], fresh = { .json.fd = -1 };
	bool wanted = config->exporters & type->place, gone = false;
	int ret = wanted ? make(o, type, &fresh, old, config, err) : 0;

	if (ret >= 0)
		ret = host_exchange(o->host, old->sink, fresh.sink, &gone, err);
	if (ret < 0)
		agent_config_unref(fresh.config);
	if (ret < 0 && !gone)
		return ret;
	if (ret < 0)
		fresh = (struct output){ 0 };
	agent_config_unref(old->config);
	*old = fresh;
	if (ret < 0)
		return ret;
	log_info("the exporter %s is %s", type->name, wanted ? "in use" : "gone");
	tell_opened(o, type, old);
	return 0;
}

static bool has_changed(const struct outputs *o, const struct exporter_type *type,
			const struct agent_config *config)
{
	size_t index = exporter_index(type->place);
	const struct agent_config *old = o->all[index].config;
	const char *is = old ? old->exporter_ids[index] : NULL;
	const char *wanted = config->exporter_ids[index];

	return is && wanted ? !streq(is, wanted) : is != wanted;
}

int outputs_apply(struct outputs *o, struct agent_config *config, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < EXPORTER_TYPES; i++) {
		const struct exporter_type *type = &exporter_types[i];
		struct err why = { 0 };
		int code;

		if (is_alias(i) || !has_changed(o, type, config))
			continue;
		code = exchange(o, type, config, &why);
		if (code >= 0)
			continue;
		ret = code;
		err_wrap(&why, "the exporter %s stays as it was", type->name);
		if (err)
			*err = why;
		log_error("%s", why.msg);
		if (why.hint[0])
			log_error("hint: %s", why.hint);
	}
	return ret;
}
