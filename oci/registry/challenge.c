// SPDX-License-Identifier: Apache-2.0
#include "oci/registry/challenge.h"

#include <ctype.h>

#include "base/util.h"

#define MAX_HEADER_BYTES 8192

static size_t token_len(const char *text)
{
	size_t len = 0;

	while (isalnum((unsigned char)text[len]) ||
	       (text[len] && strchr("!#$%&'*+-.^_`|~", text[len])))
		len++;
	return len;
}

static const char *skip(const char *at, const char *what)
{
	return at + strspn(at, what);
}

/* A token or a quoted text behind '='; *at then stands behind it. malloc'ed. */
static char *take_value(const char **at)
{
	const char *from = *at;
	char *value, *to;

	if (*from != '"') {
		size_t len = strcspn(from, " \t,");

		*at = from + len;
		return xstrndup(from, len);
	}
	value = to = xmalloc(strlen(from) + 1);
	for (from++; *from && *from != '"'; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
	*at = from + (*from == '"');
	return value;
}

static void set_param(struct challenge *c, const char *name, size_t len, char *value)
{
	const struct {
		const char *name;
		char **slot;
	} known[] = {
		{ "realm", &c->realm },
		{ "service", &c->service },
		{ "scope", &c->scope },
		{ "error", &c->error },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strlen(known[i].name) == len && strncasecmp(name, known[i].name, len) == 0 &&
		    !*known[i].slot) {
			*known[i].slot = value;
			return;
		}
	free(value);
}

size_t challenges_parse(const char *header, struct challenge *list, size_t count)
{
	struct challenge *current = NULL;
	const char *at = header;

	if (strlen(header) > MAX_HEADER_BYTES)
		return count;
	for (;;) {
		size_t len = token_len(at = skip(at, " \t,"));
		const char *behind = skip(at + len, " \t");

		if (!len) {
			/* Nothing that begins here has a meaning: on behind the next comma. */
			at += strcspn(at, ",");
			if (!*at)
				return count;
		} else if (*behind == '=' && current) {
			const char *value_at = skip(behind + 1, " \t");
			char *value = take_value(&value_at);

			set_param(current, at, len, value);
			at = value_at;
		} else {
			if (count == CHALLENGES_MAX)
				return count;
			current = &list[count++];
			*current = (struct challenge){ .scheme = xstrndup(at, len) };
			at += len;
		}
	}
}

void challenges_release(struct challenge *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].scheme);
		free(list[i].realm);
		free(list[i].service);
		free(list[i].scope);
		free(list[i].error);
	}
}

struct challenge *challenge_find(struct challenge *list, size_t count, const char *scheme)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(list[i].scheme, scheme) == 0)
			return &list[i];
	return NULL;
}
