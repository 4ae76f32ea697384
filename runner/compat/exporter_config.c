// SPDX-License-Identifier: Apache-2.0
#include "runner/compat/exporter_config.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <pcre2.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/compat/exporter_internal.h"
#include "runner/load/plan/plan.h"

#define METRICS_MAX 1024
#define BOUNDS_MAX 1024
#define EXP2_LAST 63 /* the largest power of two in 64 bits */

/* --- histograms --- */

/* A bucket of a histogram is a whole number from 0 on. */
static int read_bound(const struct yaml_node *node, uint64_t max, uint64_t *ret, struct err *err)
{
	double value;

	if (yaml_double(node, &value, err) < 0)
		return -EINVAL;
	if (value < 0)
		return yaml_refuse(node, err, "no bucket is below 0: keys have no sign");
	if (value > (double)max)
		return yaml_refuse(node, err, "%g is more than %llu", value,
				   (unsigned long long)max);
	if (value != floor(value))
		return yaml_refuse(node, err, "%g is no whole number, and keys of a map are",
				   value);
	*ret = (uint64_t)value;
	return 0;
}

static int add_range(struct strbuf *words, const struct yaml_node *node, const char *type,
		     struct err *err)
{
	const struct yaml_node *min_node = yaml_get(node, "bucket_min"), *max_node;
	const struct yaml_node *keys = yaml_get(node, "bucket_keys");
	uint64_t last = streq(type, "exp2")	  ? EXP2_LAST
			: streq(type, "exp2zero") ? EXP2_LAST + 1
						  : UINT32_MAX;
	uint64_t min = 0, max = 0;
	int rc = exporter_need(node, "bucket_max", "a histogram", &max_node, err);

	if (rc == 0 && keys)
		return yaml_refuse_key(keys, err, "'bucket_keys' belongs to the type fixed");
	if (rc == 0 && min_node)
		rc = read_bound(min_node, last, &min, err);
	if (rc == 0)
		rc = read_bound(max_node, last, &max, err);
	if (rc < 0)
		return rc;
	if (max <= min)
		return yaml_refuse(max_node, err, "bucket_max has to be above bucket_min, %llu",
				   (unsigned long long)min);
	if (max - min >= BOUNDS_MAX)
		return yaml_refuse(max_node, err, "more than %d buckets", BOUNDS_MAX);
	strbuf_addf(words, "keys %s %llu %llu", type, (unsigned long long)min,
		    (unsigned long long)max);
	return 0;
}

static int add_fixed(struct strbuf *words, const struct yaml_node *node, struct err *err)
{
	static const char *const others[] = { "bucket_min", "bucket_max" };
	const struct yaml_node *list;
	uint64_t before = 0, bound;
	int rc = exporter_need(node, "bucket_keys", "a histogram of the type fixed", &list, err);

	if (rc == 0)
		rc = yaml_list(list, err);
	for (size_t i = 0; i < ARRAY_LEN(others) && rc == 0; i++)
		if (yaml_get(node, others[i]))
			rc = yaml_refuse_key(yaml_get(node, others[i]), err,
					     "'%s' does not belong to the type fixed", others[i]);
	if (rc == 0 && (!list->count || list->count > BOUNDS_MAX))
		rc = yaml_refuse(list, err, "1 to %d keys are needed", BOUNDS_MAX);
	if (rc < 0)
		return rc;
	strbuf_adds(words, "keys ");
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		rc = read_bound(n, 1ull << 53, &bound, err);
		if (rc < 0)
			return rc;
		if (n != list->first && bound <= before)
			return yaml_refuse(n, err,
					   "%llu does not rise: each key is above the one "
					   "before it",
					   (unsigned long long)bound);
		strbuf_addf(words, "%s%llu", n == list->first ? "" : ",",
			    (unsigned long long)bound);
		before = bound;
	}
	return 0;
}

static int read_type(const struct yaml_node *node, const char **ret, struct err *err)
{
	static const char *const types[] = { "exp2", "exp2zero", "linear", "fixed" };
	const struct yaml_node *type;
	const char *near;
	int rc = exporter_need(node, "bucket_type", "a histogram", &type, err);

	if (rc == 0)
		rc = yaml_text(type, ret, err);
	for (size_t i = 0; i < ARRAY_LEN(types) && rc == 0; i++)
		if (streq(types[i], *ret))
			return 0;
	if (rc < 0)
		return rc;
	near = suggest_from(*ret, types, ARRAY_LEN(types));
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	return yaml_refuse(type, err,
			   "'%.64s' is no type of buckets: exp2, exp2zero, linear or "
			   "fixed",
			   *ret);
}

/* The words of BOMBUS_BUCKETS. */
static int read_buckets(struct arena *arena, const struct yaml_node *node,
			struct plan_recipe *recipe, struct err *err)
{
	_cleanup_strbuf_ struct strbuf words = STRBUF_INIT(32 * BOUNDS_MAX);
	const struct yaml_node *factor_node = yaml_get(node, "bucket_multiplier");
	const char *type = "";
	double factor = 0;
	int rc = read_type(node, &type, err);

	if (rc == 0)
		rc = streq(type, "fixed") ? add_fixed(&words, node, err)
					  : add_range(&words, node, type, err);
	if (rc == 0 && factor_node)
		rc = yaml_double(factor_node, &factor, err);
	if (rc < 0)
		return rc;
	if (factor < 0)
		return yaml_refuse(factor_node, err, "a negative factor turns the buckets around");
	if (factor != 0)
		strbuf_addf(&words, " times %.17g", factor);
	recipe->buckets = arena_strdup(arena, strbuf_str(&words));
	return 0;
}

static int check_bucket_label(const struct plan_recipe *recipe, const struct yaml_node *node,
			      struct err *err)
{
	const struct recipe_label *last;

	if (!recipe->nlabels) {
		err_hint(err, "labels: [{name: bucket, size: 8, decoders: [{name: uint}]}]");
		return yaml_refuse(node, err, "'%s' has no label for the bucket", recipe->map);
	}
	last = &recipe->labels[recipe->nlabels - 1];
	if (!streq(last->decode, "uint"))
		return recipe_refuse(&last->at, err,
				     "the last label is the bucket, a number: its only decoder is "
				     "uint");
	for (size_t i = 0; i + 1 < recipe->nlabels; i++)
		if (streq(recipe->labels[i].name, "le"))
			return recipe_refuse(&recipe->labels[i].at, err,
					     "the label le belongs to the buckets themselves");
	return 0;
}

/* --- metrics --- */

struct reading {
	struct exporter_config *config;
	struct err *err;
};

/* The name of a map, as C has it. */
static int check_symbol(const struct yaml_node *node, const char *name, const char *what,
			const char *hint, struct err *err)
{
	bool valid = isalpha((unsigned char)*name) || *name == '_';

	for (const char *p = name; *p && valid; p++)
		valid = isalnum((unsigned char)*p) || *p == '_';
	if (valid && strlen(name) < 200)
		return 0;
	err_hint(err, "%s", hint);
	return yaml_refuse(node, err, "'%.64s' cannot be the name of %s", name, what);
}

static int check_new(const struct reading *r, const struct plan_recipe *recipe)
{
	for (size_t i = 0; i < r->config->nrecipes; i++)
		if (streq(r->config->recipes[i].map, recipe->map))
			return recipe_refuse(&recipe->at, r->err,
					     "the map '%s' stands here twice: first on line %u",
					     recipe->map, r->config->recipes[i].at.line);
	return 0;
}

/* `key`: where the map's name stands. */
static int read_common(struct reading *r, const struct yaml_node *node, const char *key,
		       const char *what, struct plan_recipe *ret)
{
	const struct yaml_node *name, *list = yaml_get(node, "labels");
	int rc = exporter_need(node, key, what, &name, r->err);

	if (rc == 0)
		rc = yaml_text(name, &ret->map, r->err);
	if (rc == 0)
		rc = check_symbol(name, ret->map, "a map",
				  "it is the name of the map in the program", r->err);
	if (rc < 0)
		return rc;
	ret->at = exporter_place(name);
	rc = check_new(r, ret);
	ret->name_space = EXPORTER_NAMESPACE;
	return rc == 0 ? exporter_labels(&r->config->yaml.arena, list, ret->role != ROLE_SPANS,
					 &ret->labels, &ret->nlabels, r->err)
		       : rc;
}

static int read_help(struct reading *r, const struct yaml_node *node, const char *what,
		     struct plan_recipe *ret)
{
	const struct yaml_node *help;
	int rc = exporter_need(node, "help", what, &help, r->err);

	return rc == 0 ? yaml_text(help, &ret->help, r->err) : rc;
}

static int read_flush(struct reading *r, const struct yaml_node *node, struct plan_recipe *ret)
{
	const struct yaml_node *flush = yaml_get(node, "flush_interval");
	const char *text = "";
	uint64_t number;
	int rc;

	if (!flush)
		return 0;
	if (!ret->is_stream)
		return yaml_refuse_key(flush, r->err,
				       "'flush_interval' belongs to a perf event array");
	rc = yaml_text(flush, &text, r->err);
	/* The exporter takes a bare number as nanoseconds. */
	if (rc == 0 && parse_u64(text, &number) == 0 && number) {
		err_hint(r->err, "flush_interval: %ss", text);
		return yaml_refuse(flush, r->err, "'%.64s' has no unit", text);
	}
	return rc == 0 ? yaml_duration_ns(flush, &ret->flush_ns, r->err) : rc;
}

static int read_counter(struct reading *r, const struct yaml_node *node, struct plan_recipe *ret)
{
	static const char *const keys[] = { "name", "help", "perf_event_array", "flush_interval",
					    "labels" };
	const struct yaml_node *perf;
	int rc = exporter_keys(node, keys, ARRAY_LEN(keys), r->err);

	ret->role = ROLE_COUNTER;
	perf = rc == 0 ? yaml_get(node, "perf_event_array") : NULL;
	if (perf)
		rc = yaml_bool(perf, &ret->is_stream, r->err);
	if (rc == 0)
		rc = read_common(r, node, "name", "a counter", ret);
	if (rc == 0)
		rc = read_help(r, node, "a counter", ret);
	return rc == 0 ? read_flush(r, node, ret) : rc;
}

static int read_histogram(struct reading *r, const struct yaml_node *node, struct plan_recipe *ret)
{
	static const char *const keys[] = { "name",	  "help",	"bucket_type",
					    "bucket_min", "bucket_max", "bucket_multiplier",
					    "labels",	  "bucket_keys" };
	int rc = exporter_keys(node, keys, ARRAY_LEN(keys), r->err);

	ret->role = ROLE_HISTOGRAM;
	if (rc == 0)
		rc = read_common(r, node, "name", "a histogram", ret);
	if (rc == 0)
		rc = read_help(r, node, "a histogram", ret);
	if (rc == 0)
		rc = read_buckets(&r->config->yaml.arena, node, ret, r->err);
	return rc == 0 ? check_bucket_label(ret, node, r->err) : rc;
}

static int read_span(struct reading *r, const struct yaml_node *node, struct plan_recipe *ret)
{
	static const char *const keys[] = { "ringbuf", "name", "service", "labels" };
	const struct yaml_node *name, *service;
	int rc = exporter_keys(node, keys, ARRAY_LEN(keys), r->err);

	ret->role = ROLE_SPANS;
	if (rc == 0)
		rc = read_common(r, node, "ringbuf", "a span", ret);
	name = yaml_get(node, "name");
	service = yaml_get(node, "service");
	if (rc == 0 && name)
		rc = yaml_text(name, &ret->span, r->err);
	if (rc == 0 && service)
		rc = yaml_text(service, &ret->service, r->err);
	return rc;
}

static int read_list(struct reading *r, const struct yaml_node *list,
		     int (*read)(struct reading *r, const struct yaml_node *node,
				 struct plan_recipe *ret))
{
	struct exporter_config *c = r->config;
	int rc = list ? yaml_list(list, r->err) : 0;

	for (const struct yaml_node *n = list ? list->first : NULL; n && rc == 0; n = n->next) {
		if (c->nrecipes == METRICS_MAX)
			return yaml_refuse(n, r->err, "more than %d maps", METRICS_MAX);
		rc = read(r, n, &c->recipes[c->nrecipes]);
		c->nrecipes += rc == 0;
	}
	return rc;
}

static int read_kaddrs(struct reading *r, const struct yaml_node *list)
{
	struct exporter_config *c = r->config;
	int rc = list ? yaml_list(list, r->err) : 0;

	if (rc < 0 || !list)
		return rc;
	c->kaddrs = arena_array(&c->yaml.arena, struct object_kaddr, list->count + 1);
	for (const struct yaml_node *n = list->first; n && rc == 0; n = n->next) {
		struct object_kaddr *kaddr = &c->kaddrs[c->nkaddrs++];

		kaddr->at = exporter_place(n);
		rc = yaml_text(n, &kaddr->symbol, r->err);
		if (rc == 0)
			rc = check_symbol(n, kaddr->symbol, "a symbol",
					  "for example bpf_jit_current", r->err);
	}
	return rc;
}

static int add_expression(struct reading *r, const struct yaml_node *node)
{
	struct recipe_cgroups *cgroups = &r->config->cgroups;
	PCRE2_UCHAR why[128] = "out of memory";
	const char *text = "";
	PCRE2_SIZE where = 0;
	int code = 0, rc = yaml_text(node, &text, r->err);

	if (rc < 0)
		return rc;
	cgroups->codes[cgroups->ncodes] =
		pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
			      PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF, &code, &where, NULL);
	if (cgroups->codes[cgroups->ncodes]) {
		cgroups->ncodes++;
		return 0;
	}
	pcre2_get_error_message(code, why, sizeof(why));
	return yaml_refuse(node, r->err, "regular expression '%.64s': %s at byte %zu", text,
			   (char *)why, (size_t)where);
}

static int read_cgroup_type(struct reading *r, const struct yaml_node *node)
{
	const char *type = "";
	int rc = yaml_text(node, &type, r->err);

	r->config->cgroups.storage = streq(type, "cgrp_storage");
	if (rc < 0 || r->config->cgroups.storage || streq(type, "hash"))
		return rc;
	return yaml_refuse(node, r->err, "'%.64s' is no type of this map: hash or cgrp_storage",
			   type);
}

static int read_cgroups(struct reading *r, const struct yaml_node *node)
{
	static const char *const keys[] = { "name", "type", "regexps" };
	struct recipe_cgroups *cgroups = &r->config->cgroups;
	const struct yaml_node *name, *list, *type;
	int rc = exporter_keys(node, keys, ARRAY_LEN(keys), r->err);

	if (rc == 0)
		rc = exporter_need(node, "name", "cgroup_id_map", &name, r->err);
	if (rc == 0)
		rc = yaml_text(name, &cgroups->map, r->err);
	if (rc == 0)
		rc = check_symbol(name, cgroups->map, "a map",
				  "it is the name of the map in the program", r->err);
	type = yaml_get(node, "type");
	if (rc == 0 && type)
		rc = read_cgroup_type(r, type);
	if (rc == 0)
		rc = exporter_need(node, "regexps", "cgroup_id_map", &list, r->err);
	if (rc == 0)
		rc = yaml_list(list, r->err);
	if (rc < 0)
		return rc;
	cgroups->at = exporter_place(name);
	cgroups->codes = arena_array(&r->config->yaml.arena, void *, list->count + 1);
	for (const struct yaml_node *n = list->first; n && rc == 0; n = n->next)
		rc = add_expression(r, n);
	return rc;
}

static int read_all(struct reading *r)
{
	static const char *const keys[] = { "name", "metrics", "tracing", "kaddrs",
					    "cgroup_id_map" };
	static const char *const metric_keys[] = { "counters", "histograms" };
	static const char *const tracing_keys[] = { "spans" };
	const struct yaml_node *root = r->config->yaml.root;
	const struct yaml_node *metrics, *tracing;
	int rc = exporter_keys(root, keys, ARRAY_LEN(keys), r->err);

	if (rc < 0)
		return rc;
	metrics = yaml_get(root, "metrics");
	tracing = yaml_get(root, "tracing");
	if (metrics)
		rc = exporter_keys(metrics, metric_keys, ARRAY_LEN(metric_keys), r->err);
	if (rc == 0 && tracing)
		rc = exporter_keys(tracing, tracing_keys, ARRAY_LEN(tracing_keys), r->err);
	if (rc == 0)
		rc = read_list(r, yaml_get(metrics, "counters"), read_counter);
	if (rc == 0)
		rc = read_list(r, yaml_get(metrics, "histograms"), read_histogram);
	if (rc == 0)
		rc = read_list(r, yaml_get(tracing, "spans"), read_span);
	if (rc == 0)
		rc = read_kaddrs(r, yaml_get(root, "kaddrs"));
	if (rc == 0 && yaml_get(root, "cgroup_id_map"))
		rc = read_cgroups(r, yaml_get(root, "cgroup_id_map"));
	if (rc == 0 && !r->config->nrecipes) {
		err_hint(r->err, "metrics: {counters: [...]}, metrics: {histograms: [...]} or "
				 "tracing: {spans: [...]}");
		return yaml_refuse(root, r->err, "neither metrics nor spans stand here");
	}
	return rc;
}

static int finish(struct exporter_config *c, int rc, struct exporter_config **ret, struct err *err)
{
	struct reading r = { c, err };

	c->recipes = arena_array(&c->yaml.arena, struct plan_recipe, METRICS_MAX);
	if (rc == 0)
		rc = read_all(&r);
	if (rc == 0)
		*ret = c;
	else
		exporter_config_free(c);
	return rc;
}

int exporter_config_parse(struct exporter_config **ret, const char *name, const char *bytes,
			  size_t len, struct err *err)
{
	struct exporter_config *c = xcalloc(1, sizeof(*c));

	return finish(c, yaml_parse(&c->yaml, name, bytes, len, err), ret, err);
}

int exporter_config_read(struct exporter_config **ret, const char *path, struct err *err)
{
	struct exporter_config *c = xcalloc(1, sizeof(*c));

	return finish(c, yaml_read(&c->yaml, path, err), ret, err);
}

void exporter_config_free(struct exporter_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->cgroups.ncodes; i++)
		pcre2_code_free(config->cgroups.codes[i]);
	yaml_release(&config->yaml);
	free(config);
}

static const char *const ends[] = { ".yaml", ".yml" };

bool exporter_config_is(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (has_suffix(path, ends[i]))
			return true;
	return false;
}

char *exporter_config_object(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		if (has_suffix(path, ends[i])) {
			len -= strlen(ends[i]);
			break;
		}
	}
	return xasprintf("%.*s.bpf.o", (int)len, path);
}
