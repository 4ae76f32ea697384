// SPDX-License-Identifier: Apache-2.0
#include "base/option.h"

#include <errno.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"

#define NS_PER_MS 1000000
#define RANGE_TEXT_MAX 64

void words_add(struct words *words, const char *word)
{
	words->words = xreallocarray(words->words, words->count + 1, sizeof(*words->words));
	words->words[words->count++] = word;
}

void words_release(struct words *words)
{
	free(words->words);
	*words = (struct words){ 0 };
}

static bool has_word(const char *choices, const char *word)
{
	size_t len = strlen(word);

	for (const char *c = choices; c && *c; c += strcspn(c, " "), c += strspn(c, " "))
		if (len && strcspn(c, " ") == len && memcmp(c, word, len) == 0)
			return true;
	return false;
}

/* How many words there are in it. */
static size_t add_csv(struct words *words, char *text)
{
	size_t before = words->count;
	char *save = NULL;

	for (char *w = strtok_r(text, ",", &save); w; w = strtok_r(NULL, ",", &save))
		words_add(words, w);
	return words->count - before;
}

/* "at least 1ms", "from 1 to 65535", in the option's own unit. */
static void range_text(const struct opt *o, char *text, size_t size)
{
	uint64_t unit = o->kind == OPT_DURATION ? NS_PER_MS : 1;
	const char *suffix = o->kind == OPT_DURATION ? "ms" : "";
	unsigned long long min = o->min / unit, max = o->max / unit;

	if (!o->max)
		snprintf(text, size, "at least %llu%s", min, suffix);
	else if (!o->min)
		snprintf(text, size, "at most %llu%s", max, suffix);
	else
		snprintf(text, size, "from %llu%s to %llu%s", min, suffix, max, suffix);
}

static int check_range(const struct opt *o, const char *shown, uint64_t value, const char *typed,
		       struct err *err)
{
	char range[RANGE_TEXT_MAX];

	if (value >= o->min && (!o->max || value <= o->max))
		return 0;
	range_text(o, range, sizeof(range));
	return err_usage(err, "%s is %s, not %s", shown, range, typed);
}

int opt_set(const struct opt *o, void *values, const char *shown, char *text, struct err *err)
{
	void *value = (char *)values + o->offset;
	const char *form = NULL;
	int ret = 0;

	switch (o->kind) {
	case OPT_TEXT:
		/* Nothing can be opened or made under it, and some would find that out late. */
		if (o->complete && !*text)
			return err_usage(err, "%s is empty: it takes %s", shown, o->arg);
		*(const char **)value = text;
		return 0;
	case OPT_OPTIONAL:
		*(const char **)value = text;
		return 0;
	case OPT_WORDS:
		words_add(value, text);
		return 0;
	case OPT_CSV:
		/* Nothing chosen would otherwise be everything. */
		if (!add_csv(value, text))
			return err_usage(err, "%s names nothing: %s", shown, o->arg);
		return 0;
	case OPT_CHOICE:
		if (has_word(o->choices, text)) {
			*(const char **)value = text;
			return 0;
		}
		err_hint(err, "one of: %s", o->choices);
		return err_usage(err, "%s does not take '%s'", shown, text);
	case OPT_U64:
		ret = parse_u64(text, value);
		form = "a whole number";
		break;
	case OPT_DURATION:
		ret = parse_duration_ns(text, value);
		form = "a duration such as 10s, 250ms or 1m30s";
		break;
	case OPT_SIZE:
		ret = parse_size(text, value);
		form = "a size such as 4096, 512K or 4M";
		break;
	}
	if (ret < 0) {
		return err_usage(err, "%s wants %s, not '%s'%s", shown, form, text,
				 ret == -ERANGE ? " (too large)" : "");
	}
	return check_range(o, shown, *(uint64_t *)value, text, err);
}

void opts_release(const struct opt *opts, void *values)
{
	for (const struct opt *o = opts; o && o->kind != OPT_END; o++)
		if (o->kind == OPT_WORDS || o->kind == OPT_CSV)
			words_release((struct words *)((char *)values + o->offset));
}
