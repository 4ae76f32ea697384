// SPDX-License-Identifier: Apache-2.0
/* The labels of a metric or span: bytes of a key or record, and the decoders that make them text.
 * A chain of decoders is written in the words of BOMBUS_DECODE. */
#include "runner/compat/exporter_internal.h"

#include <ctype.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/decode/decoders.h"

#define LABELS_MAX 64
#define SIZE_MAX_BYTES 65536

/* In single quotes; a single quote in it stands in double ones. */
static void add_word(struct strbuf *words, const char *text)
{
	strbuf_addc(words, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_adds(words, "'\"'\"'");
		else
			strbuf_addc(words, *text);
	}
	strbuf_addc(words, '\'');
}

static int add_static_map(struct strbuf *words, const struct yaml_node *decoder, struct err *err)
{
	const struct yaml_node *map, *unknown = yaml_get(decoder, "allow_unknown");
	bool allowed = false;
	int rc = exporter_need(decoder, "static_map", "the decoder static_map", &map, err);

	if (rc == 0)
		rc = yaml_map(map, err);
	if (rc == 0 && unknown)
		rc = yaml_bool(unknown, &allowed, err);
	if (allowed)
		strbuf_adds(words, " allow_unknown");
	for (const struct yaml_node *n = map ? map->first : NULL; n && rc == 0; n = n->next) {
		_cleanup_free_ char *pair = NULL;
		const char *to = "";

		if (strchr(n->key->text, '='))
			return yaml_refuse_key(n, err, "a text with a '=' cannot be looked up");
		if (!yaml_is_null(n))
			rc = yaml_text(n, &to, err);
		if (rc < 0)
			return rc;
		pair = xasprintf("%s=%s", n->key->text, to);
		strbuf_addc(words, ' ');
		add_word(words, pair);
	}
	return rc;
}

static int add_regexps(struct strbuf *words, const struct yaml_node *decoder, struct err *err)
{
	const struct yaml_node *list;
	int rc = exporter_need(decoder, "regexps", "the decoder regexp", &list, err);

	if (rc == 0)
		rc = yaml_list(list, err);
	for (const struct yaml_node *n = rc == 0 ? list->first : NULL; n && rc == 0; n = n->next) {
		const char *text = "";

		rc = yaml_text(n, &text, err);
		strbuf_addc(words, ' ');
		add_word(words, text);
	}
	return rc;
}

/* A key that another decoder takes does nothing here. */
static int check_idle(const struct yaml_node *decoder, const char *name, const char *key,
		      const char *owner, struct err *err)
{
	const struct yaml_node *node = yaml_get(decoder, key);

	if (!node || streq(name, owner))
		return 0;
	return yaml_refuse_key(node, err, "'%s' belongs to the decoder %s, and this is %.64s", key,
			       owner, name);
}

static int add_decoder(struct strbuf *words, const struct yaml_node *decoder, struct err *err)
{
	static const char *const keys[] = { "name", "static_map", "regexps", "allow_unknown" };
	const struct yaml_node *node;
	const char *name = "";
	int rc = exporter_keys(decoder, keys, ARRAY_LEN(keys), err);

	if (rc == 0)
		rc = exporter_need(decoder, "name", "a decoder", &node, err);
	if (rc == 0)
		rc = yaml_text(node, &name, err);
	if (rc == 0 && (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789")]))
		rc = yaml_refuse(node, err, "'%.64s' is no decoder", name);
	if (rc == 0)
		rc = check_idle(decoder, name, "static_map", "static_map", err);
	if (rc == 0)
		rc = check_idle(decoder, name, "allow_unknown", "static_map", err);
	if (rc == 0)
		rc = check_idle(decoder, name, "regexps", "regexp", err);
	if (rc < 0)
		return rc;
	strbuf_addf(words, "%s%s", words->len ? " | " : "", name);
	if (streq(name, "static_map"))
		return add_static_map(words, decoder, err);
	return streq(name, "regexp") ? add_regexps(words, decoder, err) : 0;
}

/* Whether the words fit the bytes; the error names the decoder that first does not. */
static int check_words(const struct yaml_node *node, const char *words, uint64_t size,
		       struct err *err)
{
	struct arena arena = { 0 };
	struct decoder_chain *chains = NULL;
	struct field field = { .name = "label",
			       .path = "label",
			       .label = "label",
			       .size_bits = (uint32_t)size * 8,
			       .count = 1,
			       .kind = has_prefix(words, "uint") && size <= 8 ? KIND_UINT
									      : KIND_BYTES };
	struct err why = { 0 };
	int rc = decoders_give(&arena, &field, words, &chains, &why);

	decoders_release(chains);
	arena_release(&arena);
	if (rc < 0 && *why.hint)
		err_hint(err, "%s", why.hint);
	return rc < 0 ? yaml_refuse(node, err, "%s", why.msg) : 0;
}

static int read_decoders(struct arena *arena, const struct yaml_node *label, const char *name,
			 uint64_t size, const char **ret, struct err *err)
{
	_cleanup_strbuf_ struct strbuf words = STRBUF_INIT(YAML_MAX_BYTES);
	const struct yaml_node *list = yaml_get(label, "decoders");
	int rc = list ? yaml_list(list, err) : 0;

	if (rc < 0)
		return rc;
	if (!list || !list->first) {
		err_hint(err, "decoders: [{name: uint}]");
		return yaml_refuse(label, err, "label '%.64s' has no decoders", name);
	}
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		rc = add_decoder(&words, n, err);
		/* After each, so that the message has the place of the one that is wrong. */
		if (rc == 0)
			rc = check_words(n, strbuf_str(&words), size, err);
		if (rc < 0)
			return rc;
	}
	*ret = arena_strdup(arena, strbuf_str(&words));
	return 0;
}

/* The names that Prometheus takes for labels. */
static int check_name(const struct yaml_node *node, const char *name, bool is_metric,
		      struct err *err)
{
	bool valid = isalpha((unsigned char)*name) || *name == '_';

	for (const char *p = name; *p && valid; p++)
		valid = isalnum((unsigned char)*p) || *p == '_' || (*p == '.' && !is_metric);
	if (valid && !has_prefix(name, "__") && strlen(name) < 256 && name[strlen(name) - 1] != '.')
		return 0;
	err_hint(err, "letters, digits and _, no digit first, and not __");
	return yaml_refuse(node, err, "'%.64s' cannot be the name of a label", name);
}

static int read_label(struct arena *arena, const struct yaml_node *node, bool is_metric,
		      struct recipe_label *ret, struct err *err)
{
	static const char *const keys[] = { "name", "size", "padding", "decoders" };
	const struct yaml_node *name_node, *size_node, *padding = NULL;
	uint64_t size = 0, pad = 0;
	int rc = exporter_keys(node, keys, ARRAY_LEN(keys), err);

	if (rc == 0)
		rc = exporter_need(node, "name", "a label", &name_node, err);
	if (rc == 0)
		rc = yaml_text(name_node, &ret->name, err);
	if (rc == 0)
		rc = check_name(name_node, ret->name, is_metric, err);
	if (rc == 0)
		rc = exporter_need(node, "size", "a label", &size_node, err);
	if (rc == 0)
		rc = yaml_u64(size_node, 1, SIZE_MAX_BYTES, &size, err);
	if (rc == 0)
		padding = yaml_get(node, "padding");
	if (padding)
		rc = yaml_u64(padding, 0, SIZE_MAX_BYTES, &pad, err);
	if (rc == 0)
		rc = read_decoders(arena, node, ret->name, size, &ret->decode, err);
	ret->size_bytes = (uint32_t)size;
	ret->padding_bytes = (uint32_t)pad;
	ret->at = exporter_place(node);
	return rc;
}

int exporter_labels(struct arena *arena, const struct yaml_node *list, bool is_metric,
		    const struct recipe_label **ret, size_t *ret_count, struct err *err)
{
	struct recipe_label *labels;
	size_t count = 0;
	int rc = list ? yaml_list(list, err) : 0;

	if (rc == 0 && list && list->count > LABELS_MAX)
		return yaml_refuse(list, err, "more than %d labels", LABELS_MAX);
	if (rc < 0)
		return rc;
	labels = arena_array(arena, struct recipe_label, (list ? list->count : 0) + 1);
	for (const struct yaml_node *n = list ? list->first : NULL; n; n = n->next) {
		rc = read_label(arena, n, is_metric, &labels[count], err);
		for (size_t i = 0; i < count && rc == 0; i++)
			if (streq(labels[i].name, labels[count].name))
				rc = yaml_refuse(n, err, "two labels have the name '%.64s'",
						 labels[i].name);
		if (rc < 0)
			return rc;
		count++;
	}
	*ret = labels;
	*ret_count = count;
	return 0;
}
