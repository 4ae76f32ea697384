// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/config.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "cmd/agent/section.h"
#include "runner/read/span/span.h"
#include "runner/source.h"

#define IDENTITY_MAX_BYTES (4u << 20)

/* --- exporters --- */

/* "json, prometheus, otlp or dogstatsd" */
static const char *type_names(struct agent_config *c)
{
	const char *text = "", *before = NULL;

	for (size_t i = 0; i < EXPORTERS_COUNT; i++) {
		if (!exporters[i]->type)
			continue;
		if (before)
			text = arena_printf(&c->yaml.arena, "%s%s%s", text, *text ? ", " : "",
					    before);
		before = exporters[i]->type;
	}
	return arena_printf(&c->yaml.arena, "%s or %s", text, before);
}

/* Returns the exporter's number. */
static int read_type(struct agent_config *c, const struct yaml_node *node, struct err *err)
{
	const char *names[2 * EXPORTERS_COUNT], *text, *near;
	int code = yaml_text(node, &text, err), found;
	size_t count = 0;

	if (code < 0)
		return code;
	found = key_exporter(text);
	if (found >= 0)
		return found;
	for (size_t i = 0; i < EXPORTERS_COUNT; i++) {
		if (exporters[i]->type)
			names[count++] = exporters[i]->type;
		if (exporters[i]->alias)
			names[count++] = exporters[i]->alias;
	}
	near = suggest_from(text, names, count);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	return yaml_refuse(node, err, "'%.64s' is not an exporter: %s", text, type_names(c));
}

/* Naming an exporter gives its first option, as --otlp without a value does. */
static void turn_on(struct agent_config *c, int exporter)
{
	const struct opt *first = exporters[exporter]->opts;
	const char **value = (const char **)((char *)c->exports.args[exporter] + first->offset);

	if (first->kind == OPT_OPTIONAL && !*value)
		*value = first->choices;
}

static int check_listen(const struct yaml_node *node, const struct yaml_node *settings,
			struct err *err)
{
	const struct yaml_node *more = settings ? settings : node;

	if ((yaml_get(node, "listen") || yaml_get(more, "listen")) &&
	    (yaml_get(node, "port") || yaml_get(more, "port")))
		return yaml_refuse(node, err, "the exporter has both listen and port");
	return 0;
}

static int read_settings(struct section *s, const struct yaml_node *node, int number)
{
	const struct yaml_node *settings = yaml_get(node, "settings");
	int ret;

	section_init(s, KEY_EXPORT(number));
	ret = section_read(s, node);
	s->nmore = 0;
	if (ret == 0 && settings)
		ret = section_read(s, settings);
	section_release(s);
	if (ret == 0 && number == EXPORT_prometheus)
		ret = check_listen(node, settings, s->err);
	return ret;
}

/* Keys of the file that change an exporter: they name its metrics and choose the server's pages. */
static void begin_id(const struct agent_config *c, int exporter, struct strbuf *id)
{
	if (exporter != EXPORT_json)
		strbuf_addf(id, "namespace=%s\ncompat=%s\n",
			    c->args.name_space ? c->args.name_space : "",
			    c->args.compat ? c->args.compat : "");
	if (exporter == EXPORT_prometheus)
		strbuf_addf(id, "reload=%d\n", c->own.reload);
}

static int read_exporter(struct agent_config *c, const struct yaml_node *node, struct err *err)
{
	_cleanup_strbuf_ struct strbuf id = STRBUF_INIT(IDENTITY_MAX_BYTES);
	static const char *const more[] = { "type", "settings" };
	struct section s = { .config = c,
			     .args = &c->args,
			     .own = &c->own,
			     .identity = &id,
			     .more = more,
			     .nmore = ARRAY_LEN(more),
			     .err = err };
	const struct yaml_node *type;
	int ret = yaml_map(node, err), number;

	if (ret < 0)
		return ret;
	type = yaml_get(node, "type");
	if (!type)
		return yaml_refuse(node, err, "the exporter has no type: %s", type_names(c));
	number = read_type(c, type, err);
	if (number < 0)
		return number;
	if (c->exporters & KEY_EXPORT(number))
		return yaml_refuse(type, err, "there are two exporters of the type '%s'",
				   exporters[number]->type);
	c->exporters |= KEY_EXPORT(number);
	begin_id(c, number, &id);
	s.exporter = c->exports.args[number];
	ret = read_settings(&s, node, number);
	c->exporter_ids[number] = arena_strdup(&c->yaml.arena, strbuf_str(&id));
	if (ret == 0)
		turn_on(c, number);
	return ret;
}

static int read_exporters(struct agent_config *c, struct err *err)
{
	const struct yaml_node *list = yaml_get(c->yaml.root, "exporters");
	const struct yaml_node *adapters = yaml_get(c->yaml.root, "adapters");
	int ret;

	if (list && adapters)
		return yaml_refuse_key(adapters, err,
				       "adapters is another word for exporters, "
				       "which stand here already");
	list = list ? list : adapters;
	if (!list)
		return 0;
	ret = yaml_list(list, err);
	for (const struct yaml_node *n = list->first; n && ret == 0; n = n->next)
		ret = read_exporter(c, n, err);
	return ret;
}

/* --- programs --- */

static bool is_name(const char *name)
{
	return *name && !streq(name, ".") && !streq(name, "..") &&
	       strlen(name) < SOURCE_PROGRAM_MAX &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_-.")];
}

const struct agent_program *agent_config_program(const struct agent_config *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (streq(c->programs[i].name, name))
			return &c->programs[i];
	return NULL;
}

static int name_program(struct agent_program *p, const struct own_args *own, struct err *err)
{
	struct agent_config *c = p->config;
	const struct yaml_node *node = own->name ? yaml_get(p->node, "name") : p->node;
	struct span_text text = program_service(p->image);
	const struct agent_program *other;

	p->name = own->name ? own->name
			    : arena_printf(&c->yaml.arena, "%.*s", (int)text.len, text.ptr);
	if (!is_name(p->name))
		return yaml_refuse(node, err, "'%.64s' cannot be the name of a program", p->name);
	other = agent_config_program(c, p->name);
	if (!other)
		return 0;
	err_hint(err, "the key 'name' gives a program another one");
	return yaml_refuse(node, err,
			   "two programs have the name '%s': the other stands on line %u", p->name,
			   other->node->line);
}

static int set_pull(struct agent_program *p, const char *when, struct err *err)
{
	if (!when || streq(when, "always") || streq(when, "missing") || streq(when, "never")) {
		p->pull = when;
		return 0;
	}
	if (parse_duration_ns(when, &p->pull_ns) == 0 && p->pull_ns)
		return 0;
	return yaml_refuse(yaml_get(p->node, "pull"), err,
			   "'pull' is always, missing, never or a time such as 10m, not '%.64s'",
			   when);
}

static int set_exporters(struct agent_program *p, const struct words *words, struct err *err)
{
	const struct yaml_node *node = yaml_get(p->node, "exporters");

	p->exporters = words->count ? 0 : EXPORTERS_ALL;
	for (size_t i = 0; i < words->count; i++) {
		int number = key_exporter(words->words[i]);

		if (number < 0 || !(p->config->exporters & KEY_EXPORT(number)))
			return yaml_refuse(node, err, "there is no exporter '%.64s' in this file",
					   words->words[i]);
		p->exporters |= KEY_EXPORT(number);
	}
	return 0;
}

/* An object file that changed is another program. */
static void note_file(const char *path, struct strbuf *identity)
{
	struct stat st;

	if (strchr(path, '/') && stat(path, &st) == 0)
		strbuf_addf(identity, "file=%llu.%llu.%llu.%lld.%ld\n",
			    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			    (unsigned long long)st.st_size, (long long)st.st_mtim.tv_sec,
			    st.st_mtim.tv_nsec);
}

static int finish_program(struct agent_program *p, const struct own_args *own, struct err *err)
{
	int ret;

	if (!own->image) {
		err_hint(err, "image: NAME, or the path of an object file");
		return yaml_refuse(p->node, err, "the program has no image");
	}
	p->image = own->image;
	ret = name_program(p, own, err);
	if (ret == 0)
		ret = set_pull(p, own->pull, err);
	return ret < 0 ? ret : set_exporters(p, &own->exporters, err);
}

/* The options of the process. A program's list continues the process' list where the option is one
 * of programs too. */
static struct run_args args_of(const struct agent_config *c)
{
	const unsigned both = KEY_TOP | KEY_PROGRAM;
	struct run_args args = c->args;

	for (const struct opt *o = run_opts; o->kind != OPT_END; o++) {
		const struct words *from = (const struct words *)((char *)&c->args + o->offset);
		struct words *to = (struct words *)((char *)&args + o->offset);

		if (o->kind != OPT_WORDS && o->kind != OPT_CSV)
			continue;
		*to = (struct words){ 0 };
		for (size_t i = 0; i < from->count && (key_places(o) & both) == both; i++)
			words_add(to, from->words[i]);
	}
	return args;
}

static int read_program(struct agent_config *c, const struct yaml_node *node, const char *defaults,
			struct err *err)
{
	static const char *const more[] = { "enabled" };
	_cleanup_strbuf_ struct strbuf identity = STRBUF_INIT(IDENTITY_MAX_BYTES);
	struct own_args own = { 0 };
	struct agent_program *p = &c->programs[c->count];
	struct section s = { .config = c,
			     .args = &p->args,
			     .own = &own,
			     .identity = &identity,
			     .more = more,
			     .nmore = 1,
			     .err = err };
	const struct yaml_node *enabled;
	bool on = true;
	int ret;

	*p = (struct agent_program){ .config = c, .args = args_of(c), .node = node };
	strbuf_adds(&identity, defaults);
	section_init(&s, KEY_PROGRAM);
	ret = section_read(&s, node);
	section_release(&s);
	enabled = yaml_get(node, "enabled");
	if (ret == 0 && enabled)
		ret = yaml_bool(enabled, &on, err);
	if (ret == 0)
		ret = finish_program(p, &own, err);
	words_release(&own.exporters);
	if (ret == 0)
		note_file(p->image, &identity);
	p->identity = arena_strdup(&c->yaml.arena, strbuf_str(&identity));
	if (ret == 0 && on)
		c->count++;
	else
		opts_release(run_opts, &p->args);
	return ret;
}

/* The network sidecar is what a file with nothing but adapters means. */
static void add_sidecar(struct agent_config *c, const char *defaults)
{
	struct agent_program *p = &c->programs[c->count++];

	*p = (struct agent_program){ .config = c,
				     .args = args_of(c),
				     .name = "connections",
				     .image = "connections",
				     .identity = arena_strdup(&c->yaml.arena, defaults),
				     .exporters = EXPORTERS_ALL,
				     .node = c->yaml.root };
}

/* The configurations for ebpf_exporter, as programs of their names. */
static int add_configs(struct agent_config *c, const char *defaults, struct err *err)
{
	const struct words *names = &c->own.config_names;
	const char *dir = c->own.config_dir ? c->own.config_dir : ".";
	int ret = 0;

	for (size_t i = 0; i < names->count && ret == 0; i++) {
		_cleanup_strbuf_ struct strbuf identity = STRBUF_INIT(IDENTITY_MAX_BYTES);
		struct arena *arena = &c->yaml.arena;
		struct agent_program *p = &c->programs[c->count];
		const struct own_args own = {
			.image = arena_printf(arena, "%s/%s.yaml", dir, names->words[i]),
		};

		*p = (struct agent_program){ .config = c,
					     .args = args_of(c),
					     .node = yaml_get(c->yaml.root, "config_names") };
		strbuf_addf(&identity, "%simage=%s\n", defaults, own.image);
		note_file(own.image, &identity);
		note_file(arena_printf(arena, "%s/%s.bpf.o", dir, names->words[i]), &identity);
		ret = finish_program(p, &own, err);
		p->identity = arena_strdup(arena, strbuf_str(&identity));
		if (ret == 0)
			c->count++;
		else
			opts_release(run_opts, &p->args);
	}
	return ret;
}

static int read_programs(struct agent_config *c, const char *defaults, struct err *err)
{
	const struct yaml_node *list = yaml_get(c->yaml.root, "programs");
	int ret = list ? yaml_list(list, err) : 0;
	size_t count = (list ? list->count : 0) + c->own.config_names.count;

	if (ret == 0 && count > CONFIG_MAX_PROGRAMS)
		return yaml_refuse(list ? list : c->yaml.root, err,
				   "there are more than %d programs", CONFIG_MAX_PROGRAMS);
	c->programs = xcalloc(count + 1, sizeof(*c->programs));
	for (const struct yaml_node *n = list ? list->first : NULL; n && ret == 0; n = n->next)
		ret = read_program(c, n, defaults, err);
	if (ret == 0)
		ret = add_configs(c, defaults, err);
	if (ret == 0 && !list && yaml_get(c->yaml.root, "adapters"))
		add_sidecar(c, defaults);
	return ret;
}

static int read_all(struct agent_config *c, struct err *err)
{
	static const char *const more[] = { "programs", "exporters", "adapters" };
	_cleanup_strbuf_ struct strbuf defaults = STRBUF_INIT(IDENTITY_MAX_BYTES);
	struct section s = { .config = c,
			     .args = &c->args,
			     .own = &c->own,
			     .identity = NULL,
			     .defaults = &defaults,
			     .more = more,
			     .nmore = ARRAY_LEN(more),
			     .err = err };
	int ret;

	section_init(&s, KEY_TOP);
	ret = section_read(&s, c->yaml.root);
	section_release(&s);
	if (!c->args.name_space && yaml_get(c->yaml.root, "adapters") &&
	    !yaml_get(c->yaml.root, "programs"))
		c->args.name_space = "gespann";
	if (ret == 0)
		ret = read_exporters(c, err);
	return ret < 0 ? ret : read_programs(c, strbuf_str(&defaults), err);
}

int agent_config_read(struct agent_config **ret, const char *path, struct err *err)
{
	struct agent_config *c = xcalloc(1, sizeof(*c));
	int code = yaml_read(&c->yaml, path, err);

	c->refs = 1;
	exports_init(&c->exports);
	if (code == 0)
		code = yaml_expand(&c->yaml, err);
	if (code == 0)
		code = read_all(c, err);
	if (code == 0)
		*ret = c;
	else
		agent_config_unref(c);
	return code;
}

struct agent_config *agent_config_ref(struct agent_config *config)
{
	__atomic_add_fetch(&config->refs, 1, __ATOMIC_RELAXED);
	return config;
}

void agent_config_unref(struct agent_config *config)
{
	if (!config || __atomic_sub_fetch(&config->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < config->count; i++)
		opts_release(run_opts, &config->programs[i].args);
	opts_release(run_opts, &config->args);
	words_release(&config->own.config_names);
	exports_release(&config->exports);
	free(config->programs);
	yaml_release(&config->yaml);
	free(config);
}

enum log_level agent_config_level(const struct agent_config *config)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	const char *text = config->own.log_level ? config->own.log_level : "info";
	size_t i = 0;

	while (!streq(names[i], text))
		i++;
	return (enum log_level)i;
}
