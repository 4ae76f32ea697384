// SPDX-License-Identifier: Apache-2.0
/*
 * --as MAP,FIELD=MEANING: what the fields of an object mean that cannot be changed.
 *
 *	errno, duration_us, ipv4 ...	a meaning (meaning_of_word())
 *	address				an IPv4 or IPv6 address, by its size
 *	number, text
 *	enum:NAME, flags:NAME		an enum of the object names values, or bits
 *	kstack:MAP, ustack:MAP		ids of this STACK_TRACE map
 */
#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/plan/layout_types.h"
#include "runner/load/plan/meanings.h"
#include "runner/load/plan/plan_internal.h"
#include "runner/load/plan/word_find.h"

/* One option, taken apart. */
struct as_word {
	const char *whole;
	struct map_plan *map;
	struct field *field;
	const char *meaning;
	const char *detail; /* behind ':'; NULL: nothing */
};

static const char *next_meaning(void *ctx)
{
	uint32_t *next = ctx;
	const struct meaning_traits *traits;

	if (*next >= MEAN_COUNT)
		return NULL;
	traits = meaning_traits((uint8_t)(*next)++);
	return traits->word ? traits->word : traits->enumerator;
}

static const char *in_case(const char *word, int (*to)(int c), char ret[32])
{
	size_t len = 0;

	for (; word[len] && len < 31; len++)
		ret[len] = (char)to((unsigned char)word[len]);
	ret[len] = '\0';
	return ret;
}

static int unknown_meaning(struct plan_ctx *ctx, const struct as_word *w)
{
	char upper[32], lower[32];
	uint32_t next = 0;
	const char *near = suggest(in_case(w->meaning, toupper, upper), next_meaning, &next);

	if (near)
		err_hint(ctx->err, "did you mean '%s'?", in_case(near, tolower, lower));
	else
		err_hint(ctx->err,
			 "for example errno, syscall, duration_us, ktime_ns, address, port, "
			 "uid, text, enum:NAME, flags:NAME, kstack:MAP");
	return err_usage(ctx->err, "--as %s: no meaning '%s'", w->whole, w->meaning);
}

static int does_not_fit(struct plan_ctx *ctx, const struct as_word *w)
{
	const struct field *f = w->field;

	return err_usage(ctx->err, "--as %s: a field of %u bits%s cannot be that", w->whole,
			 f->size_bits * f->count, f->is_bits ? " (a bit field)" : "");
}

struct enum_walk {
	const struct btf *btf;
	uint32_t next;
};

static const char *next_enum(void *ctx)
{
	struct enum_walk *walk = ctx;

	while (++walk->next < btf__type_cnt(walk->btf)) {
		const struct btf_type *t = btf__type_by_id(walk->btf, walk->next);

		if (t && btf_is_any_enum(t) && *type_name_at(walk->btf, t->name_off))
			return type_name_at(walk->btf, t->name_off);
	}
	return NULL;
}

static int give_enum(struct plan_ctx *ctx, const struct as_word *w, enum meaning meaning)
{
	static const uint32_t kinds[] = { BTF_KIND_ENUM, BTF_KIND_ENUM64 };
	const char *name = has_prefix(w->detail, "enum ") ? w->detail + 5 : w->detail, *near;
	struct field *f = w->field;
	const struct btf_type *t;
	int id = -1;

	for (size_t i = 0; i < ARRAY_LEN(kinds) && id < 0; i++)
		id = btf__find_by_name_kind(ctx->btf, name, kinds[i]);
	if (id < 0) {
		near = suggest(name, next_enum, &(struct enum_walk){ .btf = ctx->btf });
		if (near)
			err_hint(ctx->err, "did you mean '%s'?", near);
		return err_usage(ctx->err, "--as %s: the object has no enum '%s'", w->whole, name);
	}
	if (f->kind > KIND_ENUM || f->kind == KIND_FLOAT || f->size_bits > 64)
		return does_not_fit(ctx, w);
	t = btf__type_by_id(ctx->btf, (uint32_t)id);
	f->enums = type_enum_names(ctx->btf, t, &ctx->plan->arena);
	f->is_signed = f->enums->is_signed;
	f->kind = KIND_ENUM;
	f->meaning = (uint8_t)meaning;
	return 0;
}

static enum meaning meaning_asked(const struct as_word *w)
{
	uint64_t bits = (uint64_t)w->field->size_bits * w->field->count;

	if (streq(w->meaning, "address"))
		return bits == 128 ? MEAN_IPV6 : bits == 48 ? MEAN_MAC : MEAN_IPV4;
	return meaning_of_word(w->meaning);
}

static int give(struct plan_ctx *ctx, const struct as_word *w)
{
	enum meaning meaning;

	if (w->detail && streq(w->meaning, "enum"))
		return give_enum(ctx, w, MEAN_NONE);
	if (w->detail && streq(w->meaning, "flags"))
		return give_enum(ctx, w, MEAN_FLAGS);
	if (streq(w->meaning, "text"))
		return field_give_text(w->field) ? 0 : does_not_fit(ctx, w);
	meaning = meaning_asked(w);
	if (meaning == MEAN_COUNT ||
	    (w->detail && meaning != MEAN_KSTACK && meaning != MEAN_USTACK))
		return unknown_meaning(ctx, w);
	return field_give_meaning(w->field, meaning) ? 0 : does_not_fit(ctx, w);
}

static int give_stacks(struct plan_ctx *ctx, const struct as_word *w)
{
	const struct map_plan *map = w->detail ? plan_map(ctx->plan, w->detail) : NULL;
	int number = map ? plan_stacks_number(ctx->plan, map) : -1;

	if (meaning_of_word(w->meaning) == MEAN_NONE) /* what the instructions say or not */
		field_give_meaning(w->field, MEAN_NONE);
	if (w->field->meaning != MEAN_KSTACK && w->field->meaning != MEAN_USTACK)
		return 0;
	if (w->detail && number < 0)
		return err_usage(ctx->err, "--as %s: no map '%s' that holds stacks", w->whole,
				 w->detail);
	if (w->detail)
		w->field->stacks = (uint8_t)number;
	return 0;
}

/* Does `what` with each option, in order. */
static int each_word(struct plan_ctx *ctx,
		     int (*what)(struct plan_ctx *ctx, const struct as_word *w))
{
	int rc = 0;

	for (size_t i = 0; i < ctx->opts->as.count && !rc; i++) {
		_cleanup_free_ char *text = xstrdup(ctx->opts->as.words[i]);
		struct as_word w = { .whole = ctx->opts->as.words[i] };
		char *rest = NULL, *meaning, *detail;

		w.map = word_map(ctx, "--as", "MAP,FIELD=MEANING", text, ',', &rest);
		if (!w.map)
			return -EINVAL;
		meaning = strchr(rest, '=');
		if (!meaning || meaning == rest || !meaning[1])
			return err_usage(ctx->err, "--as wants MAP,FIELD=MEANING, not '%s'",
					 w.whole);
		*meaning++ = '\0';
		detail = strchr(meaning, ':');
		if (detail)
			*detail++ = '\0';
		w.field = word_field(ctx, "--as", w.map, rest);
		if (!w.field)
			return -EINVAL;
		w.meaning = meaning;
		w.detail = detail && *detail ? detail : NULL;
		rc = what(ctx, &w);
	}
	return rc;
}

int plan_as(struct plan_ctx *ctx)
{
	int rc = each_word(ctx, give);

	if (rc)
		return rc;
	plan_stacks(ctx);
	return each_word(ctx, give_stacks);
}
