// SPDX-License-Identifier: Apache-2.0
#include "runner/load/decode/decoders.h"

#include <errno.h>
#include <pcre2.h>
#include <string.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"

#define DECODER(word_, takes_, gives_, sizes_, lasting_, exact_)                                   \
	[DECODER_##word_] = { .word = #word_,                                                      \
			      .takes = DECODES_##takes_,                                           \
			      .gives = DECODES_##gives_,                                           \
			      .sizes = sizes_,                                                     \
			      .lasting = lasting_,                                                 \
			      .exact = exact_ },
const struct decoder_traits decoder_table[DECODER_COUNT] = {
#include "runner/load/decode/decoder_rows.h"
};

struct words {
	const char *all[DECODER_WORDS_MAX]; /* NULL: a '|' */
	uint32_t count;
};

/* The next word without its quotes, in place; NULL: a quote is open. */
static char *take_word(char **at)
{
	char *start = *at, *to = start, *from = start, quote = 0;

	for (; *from && (quote || (*from != ' ' && *from != '\t')); from++) {
		if (quote ? *from == quote : *from == '\'' || *from == '"')
			quote = quote ? 0 : *from;
		else
			*to++ = *from;
	}
	*at = *from ? from + 1 : from;
	*to = '\0';
	return quote ? NULL : start;
}

static int split(struct arena *arena, const char *text, struct words *ret, struct err *err)
{
	char *at = arena_strdup(arena, text), *word;
	bool bar;

	for (at += strspn(at, " \t"); *at; at += strspn(at, " \t")) {
		if (ret->count == DECODER_WORDS_MAX)
			return err_set(err, E2BIG, "more than %d words", DECODER_WORDS_MAX);
		bar = at[0] == '|' && (!at[1] || at[1] == ' ' || at[1] == '\t');
		word = take_word(&at);
		if (!word)
			return err_set(err, EINVAL, "a quote is not closed");
		ret->all[ret->count++] = bar ? NULL : word;
	}
	return 0;
}

static const char *next_decoder(void *ctx)
{
	uint32_t *next = ctx;

	return *next < DECODER_COUNT ? decoder_table[(*next)++].word : NULL;
}

static int find_decoder(const char *word, uint8_t *ret, struct err *err)
{
	uint32_t next = 0;
	const char *near;

	for (unsigned i = 0; i < DECODER_COUNT; i++) {
		if (streq(decoder_table[i].word, word)) {
			*ret = (uint8_t)i;
			return 0;
		}
	}
	near = suggest(word, next_decoder, &next);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "for example uint, string, static_map, ksym");
	return err_set(err, EINVAL, "no decoder '%s'", word);
}

/* Bytes, as kernels write them, need not be UTF-8. */
static int add_regexp(struct decoder *d, const char *text, struct err *err)
{
	PCRE2_SIZE where = 0;
	int code = 0;

	d->regexps[d->nregexps] = text;
	d->codes[d->nregexps] =
		pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
			      PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF, &code, &where, NULL);
	if (!d->codes[d->nregexps]) {
		char why[256] = "out of memory";

		pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
		return err_set(err, EINVAL, "regular expression '%s': %s at byte %zu", text, why,
			       (size_t)where);
	}
	d->nregexps++;
	return 0;
}

static int add_pair(struct decoder *d, const char *word, struct err *err)
{
	char *from = (char *)word, *to = strchr(from, '=');

	if (streq(word, "allow_unknown")) {
		d->allow_unknown = true;
		return 0;
	}
	if (!to) {
		err_hint(err, "static_map takes FROM=TO, and allow_unknown");
		return err_set(err, EINVAL, "static_map: '%s' has no '='", word);
	}
	*to++ = '\0';
	for (uint32_t i = 0; i < d->npairs; i++)
		if (streq(d->pairs[i].from, from))
			return err_set(err, EINVAL, "static_map: '%s' stands twice", from);
	d->pairs[d->npairs++] = (struct decoder_pair){ from, to };
	return 0;
}

/* The words of one decoder, up to the bar. */
static int add_arguments(struct arena *arena, struct decoder *d, const char *const *words,
			 uint32_t count, struct err *err)
{
	int rc = 0;

	d->pairs = arena_array(arena, struct decoder_pair, count + 1);
	d->regexps = arena_array(arena, const char *, count + 1);
	d->codes = arena_array(arena, void *, count + 1);
	for (uint32_t i = 0; i < count && !rc; i++) {
		if (d->id == DECODER_static_map)
			rc = add_pair(d, words[i], err);
		else if (d->id == DECODER_regexp)
			rc = add_regexp(d, words[i], err);
		else
			rc = err_set(err, EINVAL, "%s takes no words, and has '%s'",
				     decoder_table[d->id].word, words[i]);
	}
	if (rc)
		return rc;
	if (d->id == DECODER_static_map && !d->npairs)
		return err_set(err, EINVAL, "static_map has no FROM=TO");
	if (d->id == DECODER_regexp && !d->nregexps)
		return err_set(err, EINVAL, "regexp has no expression");
	return 0;
}

/* What a decoder of text gets of a field's bytes. */
static void add_first(struct decoder_chain *chain, const struct field *field, uint8_t id)
{
	bool text = field->kind == KIND_TEXT || field->kind == KIND_BYTES;

	if (decoder_table[id].takes != DECODES_BYTES)
		chain->all[chain->count++].id = text ? DECODER_string : DECODER_uint;
}

static int check_input(const struct decoder_chain *chain, const struct decoder *d, uint32_t bytes,
		       struct err *err)
{
	const struct decoder_traits *traits = &decoder_table[d->id];
	const struct decoder *before = d == chain->all ? NULL : d - 1;

	if (!before && d->id == DECODER_kstack && bytes % 8)
		return err_set(err, EINVAL, "kstack takes addresses of 8 bytes, not %u bytes",
			       bytes);
	/* All sizes are powers of two. */
	if (!before && traits->sizes &&
	    (bytes > 16 || bytes & (bytes - 1) || !(traits->sizes & bytes)))
		return err_set(err, EINVAL, "%s takes no %u bytes", traits->word, bytes);
	if (!before)
		return 0;
	if (traits->takes == DECODES_BYTES)
		return err_set(err, EINVAL, "%s takes bytes, and comes first", traits->word);
	if (traits->takes == DECODES_NUMBER && decoder_table[before->id].gives != DECODES_NUMBER)
		return err_set(err, EINVAL, "%s takes a number, which %s does not give",
			       traits->word, decoder_table[before->id].word);
	return 0;
}

static int parse(struct arena *arena, const struct field *field, const char *text,
		 struct decoder_chain *chain, struct err *err)
{
	_cleanup_free_ struct words *words = xcalloc(1, sizeof(*words));
	uint32_t bytes = field->size_bits / 8 * field->count, i = 0, end;
	int rc = split(arena, text, words, err);
	struct decoder *d;
	uint8_t id = 0;

	chain->lasting = chain->exact = true;
	while (!rc && i <= words->count) {
		for (end = i; end < words->count && words->all[end]; end++)
			;
		if (end == i)
			return err_set(err, EINVAL, "a decoder is missing");
		rc = find_decoder(words->all[i], &id, err);
		if (rc)
			return rc;
		if (!chain->count)
			add_first(chain, field, id);
		if (chain->count == DECODERS_MAX)
			return err_set(err, E2BIG, "more than %d decoders", DECODERS_MAX);
		d = &chain->all[chain->count++];
		d->id = id;
		rc = add_arguments(arena, d, words->all + i + 1, end - i - 1, err);
		i = end + 1;
	}
	for (i = 0; i < chain->count && !rc; i++) {
		rc = check_input(chain, &chain->all[i], bytes, err);
		chain->lasting &= decoder_table[chain->all[i].id].lasting;
		chain->exact &= decoder_table[chain->all[i].id].exact;
		chain->drops |= chain->all[i].id == DECODER_regexp;
	}
	return rc;
}

int decoders_give(struct arena *arena, struct field *field, const char *words,
		  struct decoder_chain **list, struct err *err)
{
	struct decoder_chain *chain;
	uint64_t bytes = (uint64_t)field->size_bits * field->count / 8;
	int rc;

	if (field->is_bits || field->meaning == MEAN_IP || bytes > LAYOUT_MAX_BYTES)
		return err_set(err, EINVAL, "a field of this kind takes no decoder");
	chain = arena_new(arena, struct decoder_chain);
	chain->next = *list;
	*list = chain;
	rc = parse(arena, field, words, chain, err);
	if (rc)
		return rc;
	/* The bytes behind a NUL count only where a decoder reads them. */
	if (field->count > 1 || field->kind == KIND_TEXT || field->kind == KIND_BYTES) {
		field->kind = chain->all[0].id == DECODER_string ? KIND_TEXT : KIND_BYTES;
		field->size_bits = (uint32_t)bytes * 8;
		field->count = 1;
	} else {
		field->kind = KIND_UINT;
	}
	field->is_signed = false;
	field->enums = NULL;
	field->meaning = MEAN_NONE;
	field->decoders = chain;
	return 0;
}

void decoders_release(struct decoder_chain *list)
{
	for (; list; list = list->next)
		for (uint32_t i = 0; i < list->count; i++)
			for (uint32_t k = 0; k < list->all[i].nregexps; k++)
				pcre2_code_free(list->all[i].codes[k]);
}
