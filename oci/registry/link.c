// SPDX-License-Identifier: Apache-2.0
#include "oci/registry/link.h"

#include <ctype.h>

#include "base/url.h"
#include "base/util.h"

#define SPACE " \t"

/* Whether a list of relations, divided by spaces, has "next". */
static bool has_next(const char *list, size_t len)
{
	while (len) {
		size_t word = 0;

		while (word < len && !isspace((unsigned char)list[word]))
			word++;
		if (word == strlen("next") && strncasecmp(list, "next", word) == 0)
			return true;
		word += word < len;
		list += word;
		len -= word;
	}
	return false;
}

/* The value behind '=': a token or a quoted text. *at then stands behind it. */
static const char *take_value(const char **at, size_t *ret_len)
{
	const char *from = *at;

	if (*from != '"') {
		*ret_len = strcspn(from, ",; \t");
		*at = from + *ret_len;
		return from;
	}
	*ret_len = 0;
	for (from++; from[*ret_len] && from[*ret_len] != '"';)
		*ret_len += from[*ret_len] == '\\' && from[*ret_len + 1] ? 2 : 1;
	*at = from + *ret_len + (from[*ret_len] == '"');
	return from;
}

/* Parameters up to the comma that ends the link. Of several `rel` the first one counts. */
static bool params_say_next(const char **at)
{
	bool seen = false, next = false;

	while (**at && **at != ',') {
		size_t name_len, value_len = 0;
		const char *name, *value = "";

		*at += strspn(*at, "; \t");
		name = *at;
		name_len = strcspn(name, "=;, \t");
		*at += name_len;
		*at += strspn(*at, SPACE);
		if (**at == '=') {
			++*at;
			*at += strspn(*at, SPACE);
			value = take_value(at, &value_len);
		} else if (!name_len && **at && **at != ',') {
			++*at;
		}
		if (!seen && name_len == 3 && strncasecmp(name, "rel", 3) == 0) {
			seen = true;
			next = has_next(value, value_len);
		}
	}
	return next;
}

char *link_next(const char *header)
{
	const char *at = header ? header : "";

	while (*at) {
		const char *target, *end;

		at += strspn(at, ", \t");
		if (*at != '<') {
			at += strcspn(at, ",");
			continue;
		}
		target = at + 1;
		end = strchr(target, '>');
		if (!end)
			return NULL;
		at = end + 1;
		if (params_say_next(&at))
			return xstrndup(target, (size_t)(end - target));
	}
	return NULL;
}

static bool is_default_port(const struct url *url)
{
	return url->port == (url->secure ? 443 : 80);
}

char *link_at_base(const char *text, const char *base_text)
{
	_cleanup_(url_release) struct url url = { 0 }, base = { 0 };
	bool same_port;

	if (url_parse(text, &url, NULL) < 0 || url_parse(base_text, &base, NULL) < 0)
		return NULL;
	same_port = url.port == base.port || (is_default_port(&url) && is_default_port(&base));
	if (!streq(url.host, base.host) || !same_port)
		return NULL;
	return xasprintf("%s%s", base_text, url.rest);
}
