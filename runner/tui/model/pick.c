// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/pick.h"

#include <ctype.h>
#include <errno.h>
#include "base/err.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/util.h"

static bool is_in(const char *p, const char *start)
{
	return p != start && isspace((unsigned char)p[-1]) && p[0] == 'i' && p[1] == 'n' &&
	       (isspace((unsigned char)p[2]) || p[2] == '(');
}

static bool is_expression(const char *text)
{
	char quote = 0;

	for (const char *p = text; *p; p++) {
		if (quote || *p == '"' || *p == '\'') {
			quote = quote == *p ? 0 : quote ? quote : *p;
			continue;
		}
		if (strchr("=<>~!", *p) || has_prefix(p, "&&") || has_prefix(p, "||") ||
		    is_in(p, text))
			return true;
	}
	return false;
}

/*
 * The byte of the expression that the caret of the message points at. The message has one column
 * per character, and shows only the part of a long expression around the error.
 */
static size_t caret_of(const char *text, const char *detail)
{
	const char *line = strchr(detail, '\n'), *caret = line ? strchr(line, '^') : NULL;
	size_t column, len = strlen(text), at = 0, shown;
	const char *start = text;

	if (!caret)
		return len;
	column = (size_t)(caret - line - 1);
	shown = (size_t)(line - detail);
	if (!has_prefix(text, "...") && has_prefix(detail, "...") && column >= 3) {
		_cleanup_free_ char *part = xstrndup(detail + 3, MIN(shown - 3, (size_t)40));

		column -= 3;
		start = strstr(text, part);
		if (!start)
			return len;
	}
	at = (size_t)(start - text);
	while (text[at] && column) {
		at++;
		if (((unsigned char)text[at] & 0xc0) != 0x80)
			column--;
	}
	return MIN(at, len);
}

static void explain(struct model_why *why, const char *text, const struct err *err)
{
	char safe[UTF8_TERM_ROOM(sizeof(err->msg) + sizeof(err->hint)) + 8];
	char plain[sizeof(err->msg) + sizeof(err->hint) + 8];
	size_t len, n;
	uint32_t c;

	snprintf(plain, sizeof(plain), "%s%s%s", err->msg, err->hint[0] ? "; " : "", err->hint);
	len = utf8_term_escape(safe, plain, strlen(plain));
	/* Do not cut in the middle of a character. */
	for (n = 0; n < len;) {
		size_t one = utf8_decode(safe + n, len - n, &c);

		if (n + MAX(one, (size_t)1) >= sizeof(why->text))
			break;
		n += MAX(one, (size_t)1);
	}
	memcpy(why->text, safe, n);
	why->text[n] = '\0';
	why->caret = caret_of(text, err->detail);
}

static void make_needle(struct pick *pick, const char *text)
{
	size_t len = strlen(text);
	char *dst;

	if (len >= 2 && (text[0] == '"' || text[0] == '\'') && text[len - 1] == text[0]) {
		text++;
		len -= 2;
	} else {
		while (len && isspace((unsigned char)text[len - 1]))
			len--;
	}
	/* In the escaped form of shown text. */
	dst = pick->needle = xmalloc(UTF8_TERM_ROOM(len) + 1);
	len = utf8_term_escape(dst, text, len);
	dst[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if (dst[i] >= 'A' && dst[i] <= 'Z')
			dst[i] += 'a' - 'A';
	}
	pick->needle_bytes = len;
}

int pick_new(struct pick **ret, const struct map_plan *map, const char *text, struct model_why *why)
{
	const char *typed = text;
	struct filter *filter = NULL;
	struct err err = { 0 };
	int code = 0;

	*why = (struct model_why){ 0 };
	while (text && isspace((unsigned char)*text))
		text++;
	if (!text || !*text) {
		*ret = NULL;
		return 0;
	}
	if (is_expression(text))
		code = filter_compile(&filter, map, text, &err);
	if (code < 0) {
		explain(why, text, &err);
		why->caret += (size_t)(text - typed);
		return -EINVAL;
	}
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->text = xstrdup(text);
	(*ret)->filter = filter;
	if (!filter)
		make_needle(*ret, text);
	return 0;
}

void pick_free(struct pick *pick)
{
	if (!pick)
		return;
	filter_free(pick->filter);
	free(pick->needle);
	free(pick->text);
	free(pick);
}

static inline char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool pick_finds(const struct pick *pick, const char *text, size_t len)
{
	size_t want = pick->needle_bytes, k;

	if (!want)
		return true;
	for (size_t i = 0; i + want <= len; i++) {
		for (k = 0; k < want && lower(text[i + k]) == pick->needle[k]; k++)
			;
		if (k == want)
			return true;
	}
	return false;
}

void pick_add_text(struct strbuf *expression, const char *text, size_t len)
{
	strbuf_addc(expression, '"');
	for (size_t i = 0; i < len; i++)
		strbuf_addf(expression, "%s%c", text[i] == '"' || text[i] == '\\' ? "\\" : "",
			    text[i]);
	strbuf_addc(expression, '"');
}

struct completion {
	const char *text;
	size_t len;
	uint32_t found;
	char *common, *choices;
	size_t room;
};

static void complete_of(struct completion *c, const struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++) {
		const char *name = layout->fields[i].path;
		size_t used = strlen(c->choices), n = 0;

		if (strncmp(name, c->text, c->len) != 0 || strlen(name) > MODEL_NAME_MAX)
			continue;
		snprintf(c->choices + used, c->room - used, "%s%s", used ? "  " : "", name);
		if (!c->found++)
			snprintf(c->common, MODEL_NAME_MAX + 1, "%s", name);
		while (c->common[n] && c->common[n] == name[n])
			n++;
		c->common[n] = '\0';
	}
}

uint32_t pick_complete(const struct map_plan *map, const char *text, size_t len,
		       char ret_common[MODEL_NAME_MAX + 1], char *choices, size_t room)
{
	struct completion c = { text, len, 0, ret_common, choices, room };

	ret_common[0] = choices[0] = '\0';
	if (map->has_key)
		complete_of(&c, &map->key);
	if (map->has_value)
		complete_of(&c, &map->value);
	return c.found;
}
