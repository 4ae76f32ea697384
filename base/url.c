// SPDX-License-Identifier: Apache-2.0
#include "base/url.h"

#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "base/util.h"

void url_release(struct url *url)
{
	free(url->host);
	free(url->rest);
	*url = (struct url){ 0 };
}

/* A user may come with a password, which is not repeated. */
static int refuse(const char *text, const char *why, struct err *err)
{
	if (strchr(text, '@'))
		return err_set(err, EBADMSG, "the address is refused: %s",
			       "no user and no password may stand in it");
	return err_set(err, EBADMSG, "the address '%.200s' is refused: %s", text, why);
}

static int parse_port(const char *text, const char *digits, bool secure, uint16_t *ret,
		      struct err *err)
{
	uint64_t port = secure ? 443 : 80;

	if (*digits && (!isdigit((unsigned char)*digits) || parse_u64(digits, &port) < 0 || !port ||
			port > UINT16_MAX))
		return refuse(text, "it has no valid port", err);
	*ret = (uint16_t)port;
	return 0;
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(const char *host)
{
	size_t good;

	if (*host == '[') {
		good = 1 + strspn(host + 1, "0123456789abcdef:.");
		return good > 1 && streq(host + good, "]");
	}
	good = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-._");
	return good && !host[good];
}

static int parse_host(const char *text, const char *host, size_t len, struct url *url,
		      struct err *err)
{
	_cleanup_free_ char *copy = xstrndup(host, len);
	char *port = strrchr(copy, ':');

	if (port && strchr(port, ']'))
		port = NULL;
	if (port)
		*port++ = '\0';
	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!is_host(copy))
		return refuse(text, "it has no plain host", err);
	url->host = xstrdup(copy);
	return parse_port(text, port ? port : "", url->secure, &url->port, err);
}

int url_parse(const char *text, struct url *ret, struct err *err)
{
	_cleanup_(url_release) struct url url = { 0 };
	const char *host, *end;
	int rc;

	if (strlen(text) > URL_MAX_BYTES)
		return refuse(text, "it is too long", err);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || *c == '\\')
			return refuse(text, "it holds characters that no address has", err);
	url.secure = strncasecmp(text, "https://", 8) == 0;
	if (!url.secure && strncasecmp(text, "http://", 7) != 0)
		return refuse(text, "it is neither https nor http", err);
	host = text + (url.secure ? 8 : 7);
	end = host + strcspn(host, "/?#");
	rc = parse_host(text, host, (size_t)(end - host), &url, err);
	if (rc < 0)
		return rc;
	url.rest = xasprintf("%s%.*s", *end == '/' ? "" : "/", (int)strcspn(end, "#"), end);
	*ret = url;
	url = (struct url){ 0 };
	return 0;
}

static char *url_text(const struct url *url, const char *rest)
{
	return xasprintf("%s://%s:%u%s", url->secure ? "https" : "http", url->host, url->port,
			 rest);
}

int url_join(const char *base, const char *location, char **ret, struct err *err)
{
	_cleanup_(url_release) struct url from = { 0 }, to = { 0 };
	_cleanup_free_ char *text = NULL;
	int rc = url_parse(base, &from, err);

	if (rc < 0)
		return rc;
	if (!*location || *location == '#') {
		text = url_text(&from, from.rest);
	} else if (has_prefix(location, "//")) {
		text = xasprintf("%s:%s", from.secure ? "https" : "http", location);
	} else if (*location == '/') {
		text = url_text(&from, location);
	} else if (location[strcspn(location, ":/?#")] == ':') {
		/* A scheme; whether it is one of ours is seen below. */
		text = xstrdup(location);
	} else {
		size_t path = strcspn(from.rest, "?");

		if (*location != '?')
			while (path && from.rest[path - 1] != '/')
				path--;
		from.rest[path] = '\0';
		_cleanup_free_ char *rest = xasprintf("%s%s", from.rest, location);
		text = url_text(&from, rest);
	}
	rc = url_parse(text, &to, err);
	if (rc == 0)
		*ret = url_text(&to, to.rest);
	return rc;
}

bool url_same_origin(const char *a, const char *b)
{
	_cleanup_(url_release) struct url ua = { 0 }, ub = { 0 };

	return url_parse(a, &ua, NULL) == 0 && url_parse(b, &ub, NULL) == 0 &&
	       ua.secure == ub.secure && ua.port == ub.port && streq(ua.host, ub.host);
}

bool url_is_secure(const char *text)
{
	return strncasecmp(text, "https://", 8) == 0;
}

bool host_is_loopback(const char *host)
{
	size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	_cleanup_free_ char *name = xstrndup(host, len);
	const char *port = host + len + (host[len] == ':');
	uint8_t addr[16];
	unsigned addr_len = 0, bits = 0;

	if ((host[len] && host[len] != ':') || port[strspn(port, "0123456789")])
		return false;
	return strcasecmp(name, "localhost") == 0 || streq(name, "[::1]") ||
	       (parse_ip(name, addr, &addr_len, &bits) == 0 && addr_len == 4 && addr[0] == 127);
}

void url_escape(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c))
			strbuf_addc(out, (char)c);
		else
			strbuf_addf(out, "%%%02X", c);
	}
}
