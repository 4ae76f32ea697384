// SPDX-License-Identifier: Apache-2.0
/*
 * Recursive descent into a tree, then the tree into tests, back to front: each test is written
 * after the ones it can jump to, so that every place is known when it is needed. "a && b" makes b
 * first, then a with "where to when true" set to b; "!" swaps the two ways out.
 */
#include "runner/read/filter/filter.h"

#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/read/filter/filter_impl.h"
#include "runner/read/span/span.h"

static bool is_field_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static bool ends_word(char c)
{
	return c == '\0' || isspace((unsigned char)c) || strchr("(),&|!=<>~\"'", c);
}

static void skip_space(struct parser *p)
{
	while (isspace((unsigned char)p->text[p->pos]))
		p->pos++;
}

static bool take(struct parser *p, const char *token)
{
	skip_space(p);
	if (!has_prefix(p->text + p->pos, token))
		return false;
	p->pos += strlen(token);
	return true;
}

/* A word on its own, such as "in". */
static bool take_keyword(struct parser *p, const char *word)
{
	size_t len = strlen(word);

	skip_space(p);
	if (!has_prefix(p->text + p->pos, word) || is_field_char(p->text[p->pos + len]))
		return false;
	p->pos += len;
	return true;
}

struct field_names {
	const struct map_plan *map;
	uint32_t i;
};

static const char *next_field(void *ctx)
{
	struct field_names *names = ctx;
	const struct map_plan *map = names->map;
	uint32_t in_key = map->has_key ? map->key.nfields : 0;
	uint32_t in_value = map->has_value ? map->value.nfields : 0;
	uint32_t i = names->i++;

	if (i < in_key)
		return map->key.fields[i].path;
	return i - in_key < in_value ? map->value.fields[i - in_key].path : NULL;
}

static int fail_no_field(struct parser *p, const char *name, size_t at)
{
	struct field_names names = { p->map, 0 };
	const char *near = suggest(name, next_field, &names), *field;
	_cleanup_strbuf_ struct strbuf all = STRBUF_INIT(400);

	if (near)
		err_hint(p->err, "did you mean '%s'?", near);
	names.i = 0;
	while ((field = next_field(&names)))
		strbuf_addf(&all, "%s%s", all.len ? ", " : "", field);
	err_hint(p->err, "the fields of '%s' are: %s%s", p->map->name, strbuf_str(&all),
		 all.full ? ", ..." : "");
	return parse_fail(p, at, "no field '%s'", name);
}

/* The columns of spans have names of their own: "duration" is span_base.span_duration_ns. */
static const struct field *find_span_field(const struct map_plan *map, const char *name)
{
	_cleanup_(arena_release) struct arena arena = { 0 };
	struct span_plan plan;

	span_plan_init(&plan, &arena, map);
	return span_plan_find(&plan, name);
}

static int find_field(struct parser *p, const char *name, size_t at, const struct field **ret,
		      enum part *ret_part)
{
	const struct map_plan *map = p->map;
	const struct field *key = map->has_key ? layout_find(&map->key, name) : NULL;
	const struct field *value = map->has_value ? layout_find(&map->value, name) : NULL;

	if (key && value) {
		err_hint(p->err, "write key.%s or value.%s", name, name);
		return parse_fail(p, at, "'%s' is in the key and in the value", name);
	}
	if (!key && !value && map->has_key && has_prefix(name, "key."))
		key = layout_find(&map->key, name + strlen("key."));
	if (!key && !value && map->has_value && has_prefix(name, "value."))
		value = layout_find(&map->value, name + strlen("value."));
	if (!key && !value && map->role == ROLE_SPANS)
		value = find_span_field(map, name);
	if (!key && !value)
		return fail_no_field(p, name, at);
	*ret = key ? key : value;
	*ret_part = key ? PART_KEY : PART_VALUE;
	return 0;
}

static bool take_op(struct parser *p, enum word_op *ret)
{
	static const struct {
		const char *token;
		enum word_op op;
	} ops[] = {
		{ "==", OP_EQ }, { "=", OP_EQ },    { "!=", OP_NE },
		{ "<=", OP_LE }, { "<", OP_LT },    { ">=", OP_GE },
		{ ">", OP_GT },	 { "~", OP_MATCH }, { "!~", OP_NO_MATCH },
	};

	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (take(p, ops[i].token)) {
			*ret = ops[i].op;
			return true;
		}
	}
	*ret = OP_IN;
	return take_keyword(p, "in");
}

/*
 * Inside quotes a backslash takes the meaning of the quote that follows. Before anything else it
 * stays, so that regular expressions need no second layer of backslashes; in plain text two of
 * them are one.
 */
static int take_quoted(struct parser *p, bool regex, struct word *ret)
{
	char quote = p->text[p->pos], *out;
	size_t at = p->pos++, len = 0;

	out = arena_alloc(&p->filter->arena, strlen(p->text + p->pos) + 1, 1);
	for (;;) {
		char c = p->text[p->pos++];

		if (c == '\0') {
			p->pos--;
			return parse_fail(p, at, "the text has no closing %c", quote);
		}
		if (c == quote)
			break;
		if (c == '\\' && p->text[p->pos] == quote) {
			c = p->text[p->pos++];
		} else if (c == '\\' && p->text[p->pos] == '\\') {
			p->pos++;
			if (regex)
				out[len++] = c;
		}
		out[len++] = c;
	}
	*ret = (struct word){ .text = out, .len = len, .at = at, .quoted = true };
	return 0;
}

static int take_word(struct parser *p, bool regex, struct word *ret)
{
	char *out;
	size_t at, len = 0;

	skip_space(p);
	at = p->pos;
	if (p->text[at] == '"' || p->text[at] == '\'')
		return take_quoted(p, regex, ret);
	while (!ends_word(p->text[at + len]))
		len++;
	if (len == 0)
		return parse_fail(p, at, "a value is missing here");
	p->pos += len;
	out = arena_alloc(&p->filter->arena, len + 1, 1);
	memcpy(out, p->text + at, len);
	*ret = (struct word){ .text = out, .len = len, .at = at };
	return 0;
}

static int parse_list(struct parser *p, const struct field *field, enum part part,
		      struct node **ret)
{
	struct node *any = node_new(p, NODE_OR);
	bool many = take(p, "(");

	do {
		struct node *one = NULL;
		struct word word;
		int err = take_word(p, false, &word);

		if (!err)
			err = value_node(p, field, part, OP_IN, &word, &one);
		if (err)
			return err;
		node_add(any, one);
	} while (many && take(p, ","));
	if (many && !take(p, ")"))
		return parse_fail(p, p->pos, "expected ',' or ')' in the list");
	*ret = any;
	return 0;
}

static struct node *negate(struct parser *p, struct node *node)
{
	struct node *not = node_new(p, NODE_NOT);

	node_add(not, node);
	return not ;
}

static int parse_test(struct parser *p, struct node **ret)
{
	const struct field *field;
	enum part part;
	enum word_op op;
	struct word word;
	size_t at, len = 0;
	char *name;
	bool regex;
	int err;

	skip_space(p);
	at = p->pos;
	while (is_field_char(p->text[at + len]))
		len++;
	if (len == 0)
		return parse_fail(p, at,
				  p->text[at] ? "expected the name of a field here"
					      : "the expression ends where a field is due");
	p->pos += len;
	name = arena_alloc(&p->filter->arena, len + 1, 1);
	memcpy(name, p->text + at, len);
	err = find_field(p, name, at, &field, &part);
	if (err)
		return err;
	if (!take_op(p, &op)) {
		*ret = truth_node(p, field, part);
		return 0;
	}
	if (op == OP_IN)
		return parse_list(p, field, part, ret);
	regex = op == OP_MATCH || op == OP_NO_MATCH;
	err = take_word(p, regex, &word);
	if (!err && regex)
		err = regex_node(p, field, part, word.text, word.at + word.quoted, ret);
	else if (!err)
		err = value_node(p, field, part, op == OP_NE ? OP_EQ : op, &word, ret);
	if (!err && (op == OP_NE || op == OP_NO_MATCH))
		*ret = negate(p, *ret);
	return err;
}

static int parse_or(struct parser *p, struct node **ret);

static int parse_not(struct parser *p, struct node **ret)
{
	size_t open;
	int err;

	skip_space(p);
	open = p->pos;
	if (p->depth == FILTER_MAX_DEPTH)
		return parse_fail(p, open, "nested more than %d deep", FILTER_MAX_DEPTH);
	p->depth++;
	if (take(p, "!")) {
		err = parse_not(p, ret);
		if (!err)
			*ret = negate(p, *ret);
	} else if (take(p, "(")) {
		err = parse_or(p, ret);
		if (!err && !take(p, ")"))
			err = parse_fail(p, p->text[p->pos] ? p->pos : open,
					 p->text[p->pos] ? "expected &&, || or ) here"
							 : "this ( is never closed");
	} else {
		err = parse_test(p, ret);
	}
	p->depth--;
	return err;
}

/* `operand { token operand }` as one node with all operands. */
static int parse_chain(struct parser *p, const char *token, enum node_kind kind,
		       int (*operand)(struct parser *p, struct node **ret), struct node **ret)
{
	struct node *one = NULL, *all = NULL;
	int err = operand(p, &one);

	while (!err && take(p, token)) {
		if (!all) {
			all = node_new(p, kind);
			node_add(all, one);
		}
		err = operand(p, &one);
		if (!err)
			node_add(all, one);
	}
	if (!err)
		*ret = all ? all : one;
	return err;
}

static int parse_and(struct parser *p, struct node **ret)
{
	return parse_chain(p, "&&", NODE_AND, parse_not, ret);
}

static int parse_or(struct parser *p, struct node **ret)
{
	return parse_chain(p, "||", NODE_OR, parse_and, ret);
}

static size_t count_tests(const struct node *node)
{
	size_t count = node->kind == NODE_TEST;

	for (const struct node *child = node->last; child; child = child->prev)
		count += count_tests(child);
	return count;
}

/* Writes the tests of a node and returns where it is entered. */
static uint32_t emit(struct filter *f, const struct node *node, uint32_t on_true, uint32_t on_false)
{
	uint32_t next;

	switch (node->kind) {
	case NODE_CONST:
		return node->value ? on_true : on_false;
	case NODE_NOT:
		return emit(f, node->last, on_false, on_true);
	case NODE_AND:
		next = on_true;
		for (const struct node *child = node->last; child; child = child->prev)
			next = emit(f, child, next, on_false);
		return next;
	case NODE_OR:
		next = on_false;
		for (const struct node *child = node->last; child; child = child->prev)
			next = emit(f, child, on_true, next);
		return next;
	default:
		f->tests[f->ntests] = node->test;
		f->tests[f->ntests].on_true = on_true;
		f->tests[f->ntests].on_false = on_false;
		return f->ntests++;
	}
}

static void finish(struct filter *filter, const struct node *root)
{
	filter->tests = arena_array(&filter->arena, struct test, count_tests(root) + 1);
	filter->first = emit(filter, root, GOTO_ACCEPT, GOTO_REJECT);
}

static int fail_trailing(struct parser *p)
{
	if (take_keyword(p, "and") || take_keyword(p, "or")) {
		err_hint(p->err, "'and' is written &&, 'or' is written ||");
		while (p->pos && isalpha((unsigned char)p->text[p->pos - 1]))
			p->pos--;
	}
	return parse_fail(p, p->pos, "expected && or || here");
}

static void free_filter(struct filter **filter)
{
	filter_free(*filter);
}

int filter_compile(struct filter **ret, const struct map_plan *map, const char *text,
		   struct err *err)
{
	_cleanup_(free_filter) struct filter *filter = xcalloc(1, sizeof(*filter));
	struct parser p = { .filter = filter, .map = map, .text = text, .err = err };
	struct node *root = NULL;
	int code;

	if (strlen(text) > FILTER_MAX_BYTES) {
		err_exit(err, EXIT_USAGE);
		return err_set(err, EINVAL, "the filter is longer than %d bytes", FILTER_MAX_BYTES);
	}
	code = parse_or(&p, &root);
	skip_space(&p);
	if (!code && text[p.pos])
		code = fail_trailing(&p);
	if (code)
		return code;
	finish(filter, root);
	*ret = steal_ptr(&filter);
	return 0;
}

int filter_compile_regex(struct filter **ret, const struct map_plan *map, const char *field,
			 const char *regex, struct err *err)
{
	_cleanup_(free_filter) struct filter *filter = xcalloc(1, sizeof(*filter));
	struct parser p = { .filter = filter, .map = map, .text = regex, .err = err };
	const struct field *found = NULL;
	struct node *root = NULL;
	enum part part = PART_VALUE;
	int code;

	if (strlen(regex) > FILTER_MAX_BYTES) {
		err_exit(err, EXIT_USAGE);
		return err_set(err, EINVAL, "the filter is longer than %d bytes", FILTER_MAX_BYTES);
	}
	/* The caret is about the pattern; a wrong field is shown in its own line. */
	p.text = field;
	code = find_field(&p, field, 0, &found, &part);
	p.text = regex;
	if (!code)
		code = regex_node(&p, found, part, regex, 0, &root);
	if (code)
		return code;
	finish(filter, root);
	*ret = steal_ptr(&filter);
	return 0;
}
