// SPDX-License-Identifier: Apache-2.0
/* What parsing makes a filter of: nodes, regular expressions, and the messages about both. */
#include <errno.h>
#include <pcre2.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/read/filter/filter_impl.h"
#include "runner/read/text/decode.h"

/* A pattern that needs more counts as not matching: a filter must not stall the reader. */
#define MATCH_LIMIT 100000
#define HEAP_LIMIT_KIB 256
#define TEXT_MAX_BYTES 65536 /* of a field's plain text that a pattern may look at */
#define CARET_COLUMNS 76     /* of a long expression only the part around the caret is shown */
#define CARET_BEFORE 50

/* One column per character: controls become spaces, the tails of UTF-8 characters take none. */
static size_t add_columns(struct strbuf *line, const char *text, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		strbuf_addc(line, c < ' ' || c == 0x7f ? ' ' : (char)c);
		columns += (c & 0xc0) != 0x80;
	}
	return columns;
}

static void show_caret(struct parser *p, size_t at, const char *what)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT(2048);
	size_t len = strlen(p->text), from = 0, to, columns;
	bool cut = at > CARET_COLUMNS - 10;

	if (cut) {
		from = at - CARET_BEFORE;
		strbuf_adds(&line, "...");
	}
	to = MIN(len, from + CARET_COLUMNS);
	columns = (cut ? 3 : 0) + add_columns(&line, p->text + from, MIN(at, len) - from);
	add_columns(&line, p->text + MIN(at, to), to - MIN(at, to));
	strbuf_adds(&line, to < len ? "...\n" : "\n");
	for (size_t i = 0; i < columns; i++)
		strbuf_addc(&line, ' ');
	strbuf_addf(&line, "^ %.500s\n", what);
	err_detail(p->err, strbuf_str(&line));
}

void parse_say(struct parser *p, size_t at, const char *fmt, ...)
{
	char what[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (p->err) {
		err_exit(p->err, EXIT_USAGE);
		show_caret(p, at, what);
	}
	err_set(p->err, EINVAL, "%s", what);
}

struct node *node_new(struct parser *p, enum node_kind kind)
{
	struct node *node = arena_new(&p->filter->arena, struct node);

	node->kind = (uint8_t)kind;
	return node;
}

void node_add(struct node *parent, struct node *child)
{
	child->prev = parent->last;
	parent->last = child;
}

struct regex {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	struct regex *next;
};

void regex_free_all(struct filter *filter)
{
	struct regex *regex;

	while ((regex = filter->regexes)) {
		filter->regexes = regex->next;
		pcre2_match_context_free(regex->limits);
		pcre2_match_data_free(regex->match);
		pcre2_code_free(regex->code);
		free(regex);
	}
}

bool regex_matches(const struct regex *regex, const char *text, size_t len)
{
	return pcre2_match(regex->code, (PCRE2_SPTR)text, len, 0, 0, regex->match, regex->limits) >=
	       0;
}

int need_scratch(struct parser *p, const struct field *field, size_t at)
{
	struct field one = *field;
	size_t room;

	one.count = 1;
	room = field_text_max(&one);
	if (room > TEXT_MAX_BYTES)
		return parse_fail(p, at, "'%s' is too large to be matched as text", field->path);
	if (room > p->filter->scratch_bytes) {
		p->filter->scratch = xreallocarray(p->filter->scratch, room, 1);
		p->filter->scratch_bytes = room;
	}
	return 0;
}

int regex_node(struct parser *p, const struct field *field, enum part part, const char *pattern,
	       size_t at, struct node **ret)
{
	struct regex *regex;
	PCRE2_SIZE where = 0;
	int code, err = 0;

	if (field->kind != KIND_TEXT || field->meaning == MEAN_DNS)
		err = need_scratch(p, field, at);
	if (err)
		return err;
	regex = xcalloc(1, sizeof(*regex));
	regex->next = p->filter->regexes;
	p->filter->regexes = regex;
	/* Bytes, not characters: what the kernel side wrote need not be UTF-8. */
	regex->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
				    PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF, &code, &where, NULL);
	if (!regex->code) {
		char why[256];

		pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
		at = MIN(at + where, strlen(p->text));
		return parse_fail(p, at, "regular expression: %s", why);
	}
	/* Where the system allows no generated code the interpreter does it. */
	pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
	regex->match = pcre2_match_data_create(1, NULL);
	regex->limits = pcre2_match_context_create(NULL);
	if (!regex->match || !regex->limits)
		return err_set(p->err, ENOMEM, "no memory for a regular expression");
	pcre2_set_match_limit(regex->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(regex->limits, HEAP_LIMIT_KIB);
	*ret = node_new(p, NODE_TEST);
	(*ret)->test = (struct test){
		.field = field, .part = (uint8_t)part, .how = HOW_REGEX, .regex = regex
	};
	return 0;
}
