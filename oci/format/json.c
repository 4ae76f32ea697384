// SPDX-License-Identifier: Apache-2.0
#include "oci/format/json.h"

#include <errno.h>

#include "base/err.h"
#include "base/util.h"

/* jansson's own limit is in the thousands and fixed. Brackets inside texts do not count. */
static bool too_deep(const char *text, size_t len)
{
	bool in_text = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (in_text) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_text = false;
		} else if (c == '"') {
			in_text = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_MAX_DEPTH)
				return true;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return false;
}

int json_parse(const char *what, const void *bytes, size_t len, json_t **ret, struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	json_error_t why;

	if (len > JSON_MAX_BYTES)
		return err_set(err, EBADMSG, "%s is larger than %u MiB", what,
			       JSON_MAX_BYTES >> 20);
	if (too_deep(bytes, len))
		return err_set(err, EBADMSG, "%s is nested more than %d deep", what,
			       JSON_MAX_DEPTH);
	json = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why);
	if (!json)
		return err_set(err, EBADMSG, "%s is not JSON: line %d: %s", what, why.line,
			       why.text);
	if (!json_is_object(json))
		return err_set(err, EBADMSG, "%s is not a JSON object", what);
	*ret = steal_ptr(&json);
	return 0;
}

int json_get_text(const json_t *object, const char *key, const char **ret, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (value && !json_is_string(value))
		return err_set(err, EBADMSG, "'%s' is not a text", key);
	*ret = json_string_value(value);
	return 0;
}

int json_get_size(const json_t *object, const char *key, uint64_t *ret, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return err_set(err, EBADMSG, "'%s' is not a size", key);
	*ret = (uint64_t)json_integer_value(value);
	return 0;
}

char *json_text(const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	if (text)
		return text;
	/* Everything dumped here was parsed or made by us: only memory can be missing. */
	out_of_memory();
}
