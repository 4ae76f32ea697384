// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/route.h"

#include <errno.h>

#include "base/err.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/read/filter/filter.h"

#define NAMES_MAX_BYTES 1024
#define NO_PROGRAM SIZE_MAX

/* `name` is what the word names: NULL for an expression, which is `text` then. */
typedef bool (*has_fn)(const struct route_program *program, const char *name, const char *text);

struct router {
	const struct route_program *programs;
	size_t count;
	struct arena *arena;
	struct run_args *routed;
	struct err *err;
};

static bool has_map(const struct route_program *program, const char *name, const char *text)
{
	return plan_map(program->plan, name) != NULL;
}

/* --map shows a variable like a map. */
static bool has_data(const struct route_program *program, const char *name, const char *text)
{
	return has_map(program, name, text) ||
	       (program->object && object_has_variable(program->object, name));
}

static bool has_param(const struct route_program *program, const char *name, const char *text)
{
	return plan_param(program->plan, name) != NULL;
}

static bool has_prog(const struct route_program *program, const char *name, const char *text)
{
	const struct plan *plan = program->plan;

	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (streq(plan->progs[i].name, name) || streq(plan->progs[i].job, name))
			return true;
	return false;
}

/* The first error stays in `err`, but one with a hint takes its place. */
static bool expr_fits(const struct plan *plan, const char *expr, bool internal, struct err *err)
{
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		struct filter *filter = NULL;
		struct err why = { 0 };

		if ((map->role == ROLE_INTERNAL) != internal)
			continue;
		if (filter_compile(&filter, map, expr, &why) >= 0) {
			filter_free(filter);
			return true;
		}
		if (!err->msg[0] || (!err->hint[0] && why.hint[0]))
			*err = why;
	}
	return false;
}

/* A map that --map shows is internal here. */
static bool has_fields(const struct route_program *program, const char *name, const char *text)
{
	const struct plan *plan = program->plan;
	struct err unused = { 0 };

	if (name)
		return has_map(program, name, text);
	return expr_fits(plan, text, false, &unused) || expr_fits(plan, text, true, &unused);
}

/* What the words of an option name, and what ends the name. */
struct route {
	size_t offset;	  /* of a struct words in struct run_args */
	const char *ends; /* NULL: the name is the whole word */
	has_fn has;	  /* NULL: the word is for every program */
	const char *what;
	const char *option; /* without dashes */
};

/* Options whose words name something other than a map. */
static const struct route others[] = {
	{ offsetof(struct run_args, object.map), "=", has_data, "map or variable", NULL },
	{ offsetof(struct run_args, object.set), "=", has_param, "parameter", NULL },
	{ offsetof(struct run_args, object.attach), "=", has_prog, "BPF program", NULL },
	{ offsetof(struct run_args, object.only), NULL, has_prog, "BPF program", NULL },
	{ offsetof(struct run_args, select.where), ":", has_fields, "map with these fields", NULL },
};

static bool has_words(const struct opt *opt)
{
	return opt->kind == OPT_WORDS || opt->kind == OPT_CSV;
}

/* The argument of an option tells whether its words begin with a map: "MAP=ROLE". */
static struct route route_of(const struct opt *opt)
{
	bool names_map = opt->arg && has_prefix(opt->arg, "MAP");
	struct route route = { opt->offset, "=,", names_map ? has_map : NULL, "map", NULL };

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].offset == opt->offset)
			route = others[i];
	route.option = opt->name;
	return route;
}

static struct words *words_at(const struct run_args *args, size_t offset)
{
	return (struct words *)((char *)args + offset);
}

/* The program whose name and a ':' the word begins with. */
static size_t prefix_of(const struct router *r, const char *word, const char **ret_rest)
{
	for (size_t i = 0; i < r->count; i++) {
		const char *name = r->programs[i].name;

		if (has_prefix(word, name) && word[strlen(name)] == ':') {
			*ret_rest = word + strlen(name) + 1;
			return i;
		}
	}
	return NO_PROGRAM;
}

/* What the word names; NULL: an expression. */
static const char *name_in(const struct router *r, const struct route *route, const char *word)
{
	size_t len;

	if (!route->ends)
		return word;
	if (*route->ends == ':') {
		len = strcspn(word, WHERE_NAME_ENDS);
		if (word[len] != ':')
			return NULL;
	} else {
		len = strcspn(word, route->ends);
	}
	return arena_printf(r->arena, "%.*s", (int)len, word);
}

static int ambiguous(const struct router *r, const struct route *route, const char *word,
		     const bool *has)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT(NAMES_MAX_BYTES);
	const char *first = NULL;

	for (size_t i = 0; i < r->count; i++) {
		if (!has[i])
			continue;
		strbuf_addf(&names, "%s%s", first ? ", " : "", r->programs[i].name);
		first = first ? first : r->programs[i].name;
	}
	err_hint(r->err, "for one of them: --%s '%s:%s'; for each: --%s '*:%s'", route->option,
		 first, word, route->option, word);
	return err_usage(r->err, "--%s %s: several programs have such a %s: %s", route->option,
			 word, route->what, strbuf_str(&names));
}

/* A prefix that is the name of no program, unless a name of the option's own may stand there. */
static int foreign(const struct router *r, const struct route *route, const char *word)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT(NAMES_MAX_BYTES);
	size_t len = strcspn(word, ":=,/");

	if (word[len] != ':' || (route->ends && *route->ends == ':'))
		return 0;
	for (size_t i = 0; i < r->count; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", r->programs[i].name);
	err_hint(r->err, "the programs are %s", strbuf_str(&names));
	return err_usage(r->err, "--%s %s: no program is called '%.*s'", route->option, word,
			 (int)len, word);
}

/* Why an expression fits no map of any program. */
static int explain_expr(const struct router *r, const char *expr)
{
	struct err why = { 0 };

	for (size_t i = 0; i < r->count; i++)
		expr_fits(r->programs[i].plan, expr, false, &why);
	if (!why.msg[0])
		return err_usage(r->err, "--where: no program shows a map");
	*r->err = why;
	return -EINVAL;
}

/* `name` NULL: the word is an expression. */
static int unknown(const struct router *r, const struct route *route, const char *name,
		   const char *word)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->programs[i].plan)
			continue;
		log_warn("--%s %s: left out: %s did not open, and no other program has such a %s",
			 route->option, word, r->programs[i].name, route->what);
		return 0;
	}
	if (!name)
		return explain_expr(r, word);
	if (foreign(r, route, word) < 0)
		return -EINVAL;
	err_hint(r->err, "a program's own: --%s '%s:%s'; 'bombus inspect' lists what it has",
		 route->option, r->programs[0].name, word);
	return err_usage(r->err, "--%s %s: no program has such a %s", route->option, word,
			 route->what);
}

static int route_word(struct router *r, const struct route *route, const char *word)
{
	bool every = has_prefix(word, "*:") || !route->has;
	const char *rest = has_prefix(word, "*:") ? word + 2 : word, *name;
	size_t found = 0, to = every ? NO_PROGRAM : prefix_of(r, word, &rest);
	_cleanup_free_ bool *has = xcalloc(r->count, sizeof(*has));

	if (!*rest && rest != word)
		return err_usage(r->err, "--%s %s: the ':' is followed by nothing", route->option,
				 word);
	if (to != NO_PROGRAM) {
		words_add(words_at(&r->routed[to], route->offset), rest);
		return 0;
	}
	name = name_in(r, route, rest);
	for (size_t i = 0; i < r->count; i++) {
		has[i] = !route->has ||
			 (r->programs[i].plan && route->has(&r->programs[i], name, rest));
		found += has[i];
	}
	if (!found)
		return unknown(r, route, name, rest);
	if (found > 1 && !every)
		return ambiguous(r, route, rest, has);
	for (size_t i = 0; i < r->count; i++)
		if (has[i])
			words_add(words_at(&r->routed[i], route->offset), rest);
	return 0;
}

int route_words(const struct run_args *args, const struct route_program *programs, size_t count,
		struct arena *arena, struct run_args *ret, struct err *err)
{
	struct router r = { programs, count, arena, ret, err };
	int code = 0;

	for (size_t i = 0; i < count; i++) {
		ret[i] = *args;
		for (const struct opt *o = run_opts; o->kind != OPT_END; o++)
			if (has_words(o))
				*words_at(&ret[i], o->offset) = (struct words){ 0 };
	}
	for (const struct opt *o = run_opts; o->kind != OPT_END && code >= 0; o++) {
		const struct words *words = has_words(o) ? words_at(args, o->offset) : NULL;
		const struct route route = route_of(o);

		for (size_t i = 0; words && i < words->count && code >= 0; i++)
			code = route_word(&r, &route, words->words[i]);
	}
	return code;
}

void route_release(struct run_args *routed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (const struct opt *o = run_opts; o->kind != OPT_END; o++)
			if (has_words(o))
				words_release(words_at(&routed[i], o->offset));
}
