// SPDX-License-Identifier: Apache-2.0
#include "runner/read/series/relabel.h"

#include <errno.h>
#include <pcre2.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/read/text/decode.h"

/* A pattern that needs more counts as not matching: it must not stall the reader. */
#define MATCH_LIMIT 100000
#define HEAP_LIMIT_KIB 256
#define TEXT_MAX_BYTES 65536
#define RESULT_BYTES 4096

struct relabel {
	const struct field *field;
	char *replacement;
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	char *text; /* room for the field's */
};

static int compile(struct relabel *r, const char *regex, struct err *err)
{
	char why[256] = "out of memory";
	PCRE2_SIZE where = 0;
	int code = 0;

	/* Bytes, not characters: what the kernel side wrote need not be UTF-8. */
	r->code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
				PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
					PCRE2_NEVER_UTF,
				&code, &where, NULL);
	if (!r->code) {
		pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
		return err_usage(err, "regular expression '%s': %s", regex, why);
	}
	pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
	r->match = pcre2_match_data_create_from_pattern(r->code, NULL);
	r->limits = pcre2_match_context_create(NULL);
	if (!r->match || !r->limits)
		return err_set(err, ENOMEM, "no memory for a regular expression");
	pcre2_set_match_limit(r->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
	return 0;
}

/* Whether this names a group of the expression. */
static bool is_group(const struct relabel *r, const char *name, size_t len)
{
	_cleanup_free_ char *text = xstrndup(name, len);
	uint32_t groups = 0;
	uint64_t number;

	pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (parse_u64(text, &number) == 0)
		return number <= groups;
	return len && pcre2_substring_number_from_name(r->code, (PCRE2_SPTR)text) > 0;
}

/* A mistake would only be found when the first text matches. */
static int check_replacement(const struct relabel *r, const char *text, struct err *err)
{
	for (const char *at = text; (at = strchr(at, '$')); at++) {
		size_t digits = strspn(++at, "0123456789");
		size_t braced = *at == '{' ? strcspn(at, "}") : 0;

		if (*at == '$' || (digits && is_group(r, at, digits)) ||
		    (braced && at[braced] && is_group(r, at + 1, braced - 1)))
			continue;
		err_hint(err,
			 "$1 is what the first group () matched, ${name} a named one, $$ is $");
		return err_usage(err, "replacement '%s': no such group behind $", text);
	}
	return 0;
}

int relabel_new(struct relabel **ret, const struct field *field, const char *regex,
		const char *replacement, struct err *err)
{
	struct relabel *r = xcalloc(1, sizeof(*r));
	size_t room = field_text_max(field);
	int code;

	r->field = field;
	code = room > TEXT_MAX_BYTES
		       ? err_usage(err, "'%s' is too large to be matched as text", field->path)
		       : compile(r, regex, err);
	if (code == 0)
		code = check_replacement(r, replacement, err);
	if (code < 0) {
		relabel_free(r);
		return code;
	}
	r->text = xmalloc(room + 1);
	r->replacement = xstrdup(replacement);
	*ret = r;
	return 0;
}

void relabel_free(struct relabel *r)
{
	if (!r)
		return;
	pcre2_match_context_free(r->limits);
	pcre2_match_data_free(r->match);
	pcre2_code_free(r->code);
	free(r->replacement);
	free(r->text);
	free(r);
}

void relabel_run(struct relabel *r, const void *base, uint8_t dst[RELABEL_BYTES])
{
	char result[RESULT_BYTES];
	PCRE2_SIZE len = sizeof(result);
	size_t text_len = field_text(r->text, r->field, base, STYLE_PLAIN, NULL);
	const char *text = result;

	if (pcre2_substitute(r->code, (PCRE2_SPTR)r->text, text_len, 0,
			     PCRE2_SUBSTITUTE_UNSET_EMPTY, r->match, r->limits,
			     (PCRE2_SPTR)r->replacement, PCRE2_ZERO_TERMINATED,
			     (PCRE2_UCHAR *)result, &len) <= 0) {
		text = r->text;
		len = text_len;
	}
	len = MIN(len, (PCRE2_SIZE)RELABEL_BYTES - 1);
	memcpy(dst, text, len);
	memset(dst + len, 0, RELABEL_BYTES - len);
}
