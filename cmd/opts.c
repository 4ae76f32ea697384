// SPDX-License-Identifier: Apache-2.0
#include "cmd/opts.h"

#include <errno.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"

/* Where the parser stands. */
struct parser {
	const struct opt_set *sets;
	size_t nsets;
	int argc, at;
	char **argv;
	struct err *err;
};

struct found {
	const struct opt *opt;
	void *value;
};

static bool takes_value(const struct opt *opt)
{
	return opt->kind != OPT_FLAG && opt->kind != OPT_OPTIONAL;
}

static struct found find_opt(const struct parser *p, const char *name, size_t len, char letter)
{
	for (size_t s = 0; s < p->nsets; s++)
		for (const struct opt *o = p->sets[s].opts; o && o->kind != OPT_END; o++) {
			bool hit = letter ? o->letter == letter
					  : o->name && strlen(o->name) == len &&
						    memcmp(o->name, name, len) == 0;
			if (o->kind != OPT_GROUP && hit)
				return (struct found){ o, (char *)p->sets[s].values + o->offset };
		}
	return (struct found){ 0 };
}

struct name_walk {
	const struct parser *p;
	size_t set, index;
};

static const char *next_name(void *ctx)
{
	struct name_walk *w = ctx;

	for (; w->set < w->p->nsets; w->set++, w->index = 0) {
		const struct opt *opts = w->p->sets[w->set].opts;

		while (opts && opts[w->index].kind != OPT_END) {
			const struct opt *o = &opts[w->index++];

			if (o->kind != OPT_GROUP && o->name)
				return o->name;
		}
	}
	return NULL;
}

/* Options of BumbleBee that have another name here, or that bombus does not need. */
static const char *hint_for_others(const char *typed)
{
	static const char local[] = "of 'bee build': 'bombus build' always uses the clang of this "
				    "machine, or the one that BOMBUS_CLANG names";
	static const struct {
		const char *typed, *hint;
	} known[] = {
		{ "--debug", "bee's --debug is --verbose" },
		{ "--local", local },
		{ "-l", local },
		{ "--build-image", local },
		{ "-i", local },
		{ "--builder", local },
		{ "-b", local },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (streq(known[i].typed, typed))
			return known[i].hint;
	return NULL;
}

static int unknown_opt(const struct parser *p, const char *typed, const char *name)
{
	struct name_walk walk = { .p = p };
	const char *known = hint_for_others(typed),
		   *near = name ? suggest(name, next_name, &walk) : NULL;

	if (known)
		err_hint(p->err, "%s", known);
	else if (near)
		err_hint(p->err, "did you mean --%s?", near);
	return err_usage(p->err, "no option %s", typed);
}

/* argv is ours to cut up: values point into it and live as long as the program. */
static int store_value(const struct parser *p, const struct found *f, char *text)
{
	_cleanup_free_ char *shown = xasprintf("--%s", f->opt->name);

	return opt_set(f->opt, (char *)f->value - f->opt->offset, shown, text, p->err);
}

static int take_value(struct parser *p, const struct found *f, char *inline_value)
{
	if (f->opt->kind == OPT_FLAG) {
		if (inline_value) {
			return err_usage(p->err, "--%s takes no value", f->opt->name);
		}
		*(bool *)f->value = true;
		return 0;
	}
	if (inline_value)
		return store_value(p, f, inline_value);
	if (f->opt->kind == OPT_OPTIONAL) {
		*(const char **)f->value = f->opt->choices;
		return 0;
	}
	if (p->at >= p->argc) {
		return err_usage(p->err, "--%s needs a value: %s", f->opt->name, f->opt->arg);
	}
	return store_value(p, f, p->argv[p->at++]);
}

static int parse_long(struct parser *p, char *arg)
{
	char *name = arg + 2;
	size_t len = strcspn(name, "=");
	char *value = name[len] == '=' ? name + len + 1 : NULL;
	struct found f = find_opt(p, name, len, 0);

	if (!f.opt) {
		_cleanup_free_ char *typed = xstrndup(name, len);
		_cleanup_free_ char *dashed = xasprintf("--%s", typed);

		return unknown_opt(p, dashed, typed);
	}
	return take_value(p, &f, value);
}

static int parse_letters(struct parser *p, char *arg)
{
	for (char *c = arg + 1; *c; c++) {
		struct found f = find_opt(p, NULL, 0, *c);

		if (!f.opt) {
			char typed[3] = { '-', *c, '\0' };

			return unknown_opt(p, typed, NULL);
		}
		if (takes_value(f.opt)) {
			char *rest = c[1] == '=' ? c + 2 : c + 1;

			return take_value(p, &f, *rest ? rest : NULL);
		}
		int ret = take_value(p, &f, NULL);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int opts_parse(const struct opt_set *sets, size_t nsets, int argc, char **argv,
	       struct words *positional, struct err *err)
{
	struct parser p = { sets, nsets, argc, 0, argv, err };
	bool only_words = false;

	while (p.at < argc) {
		char *arg = argv[p.at++];
		int ret = 0;

		if (only_words || arg[0] != '-' || !arg[1]) {
			words_add(positional, arg);
			positional->behind += only_words;
		} else if (streq(arg, "--")) {
			only_words = true;
		} else if (arg[1] == '-') {
			ret = parse_long(&p, arg);
		} else {
			ret = parse_letters(&p, arg);
		}
		if (ret < 0)
			return ret;
	}
	return 0;
}
