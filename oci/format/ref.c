// SPDX-License-Identifier: Apache-2.0
#include "oci/format/ref.h"

#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/format/digest.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define MAX_TAG_BYTES 128
#define MAX_PORT_DIGITS 5
#define MAX_REPOSITORY_BYTES 255
#define LIBRARY "library/"

void ref_release(struct ref *ref)
{
	free(ref->host);
	free(ref->repository);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct ref){ 0 };
}

static bool is_host(const char *text, size_t len)
{
	if (len == strlen("localhost") && memcmp(text, "localhost", len) == 0)
		return true;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '.' || text[i] == ':' || isupper((unsigned char)text[i]))
			return true;
	return false;
}

/* Letters, digits, dashes and dots, or an IPv6 address in brackets; perhaps a port. */
static bool host_valid(const char *host)
{
	bool v6 = host[0] == '[';
	size_t name = v6 ? 1 + strspn(host + 1, DIGITS "abcdefABCDEF:.")
			 : strspn(host, LOWER UPPER DIGITS "-.");
	const char *rest = host + name;
	size_t digits;
	unsigned long port;

	if (v6 ? name < 3 || *rest++ != ']' : !name || !isalnum((unsigned char)host[0]))
		return false;
	if (!*rest)
		return true;
	digits = strspn(rest + 1, DIGITS);
	if (*rest != ':' || !digits || digits > MAX_PORT_DIGITS || rest[1 + digits])
		return false;
	port = strtoul(rest + 1, NULL, 10);
	return port && port <= UINT16_MAX;
}

/* Runs of lower-case letters and digits, joined by one '.', one or two '_', or dashes. */
static size_t component_len(const char *text)
{
	size_t at = strspn(text, LOWER DIGITS);

	while (at) {
		size_t dashes = strspn(text + at, "-"), bars = strspn(text + at, "_");
		size_t join = text[at] == '.' ? 1 : dashes ? dashes : bars <= 2 ? bars : 0;
		size_t more = join ? strspn(text + at + join, LOWER DIGITS) : 0;

		if (!more)
			break;
		at += join + more;
	}
	return at;
}

static bool repository_valid(const char *text)
{
	if (strlen(text) > MAX_REPOSITORY_BYTES)
		return false;
	for (;;) {
		size_t len = component_len(text);

		if (!len || (text[len] && text[len] != '/'))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

bool ref_name_valid(const char *name)
{
	size_t len = strspn(name, LOWER UPPER DIGITS "._:/@+-[]");

	return len && len <= REF_MAX_BYTES && !name[len] && strspn(name, LOWER UPPER DIGITS "[");
}

bool ref_tag_valid(const char *tag)
{
	size_t len = strspn(tag, LOWER UPPER DIGITS "_.-");

	return len && len <= MAX_TAG_BYTES && !tag[len] && *tag != '.' && *tag != '-';
}

int ref_check_host(const char *host, struct err *err)
{
	if (strlen(host) <= MAX_REPOSITORY_BYTES && host_valid(host))
		return 0;
	err_hint(err, "such as registry.example or localhost:5000, without https://");
	return err_usage(err, "'%s' is not the name of a registry", host);
}

static int split_host(struct ref *ref, const char *text, const char **rest, struct err *err)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : 0;

	*rest = text;
	ref->has_host = len && is_host(text, len);
	if (ref->has_host) {
		ref->host = xstrndup(text, len);
		*rest = slash + 1;
	} else {
		ref->host = xstrdup(REF_DEFAULT_HOST);
	}
	/* The same registry under its other names. */
	if (streq(ref->host, "index." REF_DEFAULT_HOST) ||
	    streq(ref->host, "registry-1." REF_DEFAULT_HOST)) {
		free(ref->host);
		ref->host = xstrdup(REF_DEFAULT_HOST);
	}
	return ref_check_host(ref->host, err);
}

static int split_version(struct ref *ref, char *rest, struct err *err)
{
	char *at = strchr(rest, '@'), *colon;

	if (at) {
		*at++ = '\0';
		if (!digest_valid(at))
			return err_usage(err, "'%s' is not of the form sha256:<64 hex digits>", at);
		ref->digest = xstrdup(at);
	}
	colon = strchr(rest, ':');
	if (colon) {
		*colon++ = '\0';
		if (!ref_tag_valid(colon)) {
			err_hint(err,
				 "letters, digits and . _ -, at most %d, not beginning with . "
				 "or -",
				 MAX_TAG_BYTES);
			return err_usage(err, "'%s' cannot be a tag", colon);
		}
		ref->has_tag = true;
	}
	if (!at)
		ref->tag = xstrdup(colon ? colon : REF_DEFAULT_TAG);
	return 0;
}

static int parse(struct ref *ref, const char *text, struct err *err)
{
	_cleanup_free_ char *copy = NULL;
	const char *rest = NULL;
	int rc = split_host(ref, text, &rest, err);

	if (rc < 0)
		return rc;
	copy = xstrdup(rest);
	rc = split_version(ref, copy, err);
	if (rc < 0)
		return rc;
	if (streq(ref->host, REF_DEFAULT_HOST) && !strchr(copy, '/'))
		ref->repository = xasprintf(LIBRARY "%s", copy);
	else
		ref->repository = xstrdup(copy);
	if (!repository_valid(ref->repository)) {
		err_hint(err, "lower-case letters, digits and . _ - / between them");
		return err_usage(err, "'%s' cannot be a repository", copy);
	}
	return 0;
}

int ref_parse(const char *text, struct ref *ret, struct err *err)
{
	_cleanup_(ref_release) struct ref ref = { 0 };
	int rc;

	if (strstr(text, "://")) {
		err_hint(err, "without the scheme: registry.example/team/tool:1.2");
		return err_usage(err, "'%s' is an address, not the name of an image", text);
	}
	if (!*text || strlen(text) > REF_MAX_BYTES)
		return err_usage(err, "the name of an image has 1 to %d characters", REF_MAX_BYTES);
	rc = parse(&ref, text, err);
	if (rc < 0) {
		err_wrap(err, "%s", text);
		return rc;
	}
	*ret = ref;
	ref = (struct ref){ 0 };
	return 0;
}

char *ref_text(const struct ref *ref)
{
	return xasprintf("%s/%s%s%s", ref->host, ref->repository, ref->digest ? "@" : ":",
			 ref_version(ref));
}

bool ref_is_remote(const char *text)
{
	_cleanup_(ref_release) struct ref ref = { 0 };

	return strchr(text, '/') && ref_parse(text, &ref, NULL) == 0;
}
