// SPDX-License-Identifier: Apache-2.0
/*
 * Written numbers and the names that stand for numbers. Numbers are exact: the whole part in 128
 * bits, in the field's unit, and whether something is left behind it. So `delta_us > 1500ns` is
 * `delta_us > 1`, and `delta_us < 1500ns` is `delta_us <= 1`.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/filter/filter_impl.h"
#include "runner/read/text/names.h"
#include "runner/read/text/resolve.h"

uint64_t field_unit_ns(const struct field *f)
{
	uint64_t unit_ns = meaning_traits(f->meaning)->unit_ns;

	if (unit_ns)
		return unit_ns;
	if (f->meaning != MEAN_NONE || !f->unit)
		return 0;
	if (streq(f->unit, "ns"))
		return 1;
	if (streq(f->unit, "us"))
		return 1000;
	if (streq(f->unit, "ms"))
		return 1000000;
	return streq(f->unit, "s") || streq(f->unit, "seconds") ? 1000000000 : 0;
}

bool word_is_number(const struct word *w)
{
	const char *t = w->text;

	if (*t == '-' || *t == '+')
		t++;
	if (*t == '.')
		t++;
	return isdigit((unsigned char)*t);
}

/* Something that is not part of the number stands behind its digits. */
static bool has_unit(const char *text)
{
	size_t len = strspn(text, "0123456789.");

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X' || text[1] == 'o'))
		return false;
	if ((text[len] == 'e' || text[len] == 'E') &&
	    (isdigit((unsigned char)text[len + 1]) || text[len + 1] == '-' || text[len + 1] == '+'))
		return false;
	return text[len] != '\0';
}

static void set_fraction(struct number *n, double v)
{
	n->exact = v;
	n->whole = (__int128)floor(v);
	n->rest = floor(v) != v;
}

static void negate(struct number *n)
{
	n->exact = -n->exact;
	n->whole = -n->whole - n->rest;
}

static int parse_with_unit(struct parser *p, const struct field *f, const struct word *w,
			   const char *text, struct number *ret)
{
	uint64_t unit = field_unit_ns(f), v = 0;
	int err;

	if (unit) {
		err = parse_duration_ns(text, &v);
		*ret = (struct number){ v / unit, v % unit != 0, (double)v / (double)unit };
	} else {
		err = parse_size(text, &v);
		*ret = (struct number){ v, false, (double)v };
	}
	if (!err)
		return 0;
	if (err == -ERANGE)
		return parse_fail(p, w->at, "'%s' is too large", w->text);
	if (unit)
		return parse_fail(p, w->at, "'%s' is no duration such as 10ms or 1m30s", w->text);
	if (parse_duration_ns(text, &v) == 0)
		return parse_fail(p, w->at, "'%s' has no unit of time: give a plain number",
				  f->path);
	return parse_fail(p, w->at, "'%s' is not a number", w->text);
}

int word_number(struct parser *p, const struct field *f, const struct word *w, struct number *ret)
{
	const char *text = w->text;
	bool negative = text[0] == '-';
	uint64_t whole;
	double v;
	int err;

	text += text[0] == '-' || text[0] == '+';
	if (has_unit(text)) {
		err = parse_with_unit(p, f, w, text, ret);
		if (err)
			return err;
	} else if (parse_u64(text, &whole) == 0) {
		*ret = (struct number){ whole, false, (double)whole };
	} else if (parse_double(text, &v) == 0 && (v < 1e30 || f->kind == KIND_FLOAT)) {
		*ret = (struct number){ .exact = v };
		if (v < 1e30)
			set_fraction(ret, v);
	} else {
		return parse_fail(p, w->at, "'%s' is not a number, or too large", w->text);
	}
	if (negative)
		negate(ret);
	return 0;
}

struct candidates {
	const struct field *field;
	uint32_t i;
};

static const char *next_name(void *ctx)
{
	struct candidates *c = ctx;
	uint32_t in_enum = c->field->enums ? c->field->enums->count : 0, i = c->i++;

	if (i < in_enum)
		return c->field->enums->names[i].name;
	return name_nth((enum meaning)c->field->meaning, i - in_enum);
}

static const char *names_of(const struct field *f)
{
	const char *noun = meaning_traits(f->meaning)->noun;

	return noun ? noun : f->kind == KIND_ENUM ? "value" : NULL;
}

bool word_name(const struct field *f, const char *text, int64_t *ret)
{
	uint64_t id;

	for (uint32_t i = 0; f->enums && i < f->enums->count; i++) {
		if (streq(f->enums->names[i].name, text)) {
			*ret = f->enums->names[i].value;
			return true;
		}
	}
	if (name_value((enum meaning)f->meaning, text, ret))
		return true;
	if (!resolve_value((enum meaning)f->meaning, text, &id))
		return false;
	*ret = (int64_t)id;
	return true;
}

int fail_name(struct parser *p, const struct field *f, const struct word *w)
{
	const char *what = names_of(f), *near;
	struct candidates names = { f, 0 };

	if (!what) {
		err_hint(p->err, "'%s' is a number", f->path);
		return parse_fail(p, w->at, "'%s' is not a number", w->text);
	}
	near = suggest(w->text, next_name, &names);
	if (near)
		err_hint(p->err, "did you mean '%s'?", near);
	return parse_fail(p, w->at, "no %s '%s'", what, w->text);
}
