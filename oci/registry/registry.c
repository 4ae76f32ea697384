// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/format/json.h"
#include "oci/format/manifest.h"
#include "oci/format/multi.h"
#include "oci/format/ref.h"
#include "oci/registry/registry_internal.h"
#include "base/url.h"

#define DEFAULT_TRIES 5
#define MAX_TAGS 10000
#define MAX_PAGES 100
#define ACCEPT                                                                                     \
	"Accept: " MEDIA_MANIFEST ", " MEDIA_INDEX ", " MEDIA_DOCKER_MANIFEST                      \
	", " MEDIA_DOCKER_INDEX

int registry_open(struct registry **ret, const char *host, const struct registry_opts *opts,
		  struct err *err)
{
	/* Who speaks of certificates means TLS. */
	bool tls = opts->insecure || opts->ca_file || opts->cert_file;
	bool plain = opts->plain_http || (host_is_loopback(host) && !tls);
	const char *where = streq(host, REF_DEFAULT_HOST) ? "registry-1." REF_DEFAULT_HOST : host;
	struct http_opts http_opts = {
		.insecure = opts->insecure,
		.ca_file = opts->ca_file,
		.cert_file = opts->cert_file,
		.key_file = opts->key_file,
		.purpose = "cannot talk to registries",
		.trust_hint = "--ca-file FILE trusts the registry's own authority",
		.tls_hint = "if this registry speaks no TLS: --plain-http",
	};
	struct registry *registry;
	struct auth_opts auth_opts;
	struct http *http = NULL;
	int rc = ref_check_host(host, err);

	if (rc == 0)
		rc = http_new(&http, &http_opts, err);
	if (rc < 0)
		return rc;
	registry = xcalloc(1, sizeof(*registry));
	registry->host = xstrdup(host);
	registry->base = xasprintf("%s://%s", plain ? "http" : "https", where);
	auth_opts = (struct auth_opts){
		.http = http,
		.host = registry->host,
		.base = registry->base,
		.authfile = opts->authfile,
		.plain_http = opts->plain_http,
		.user = opts->user,
		.secret = opts->secret,
	};
	registry->env = (struct transfer_env){
		.http = http,
		.auth = auth_new(&auth_opts),
		.base = registry->base,
		.max_tries = opts->retries ? opts->retries : DEFAULT_TRIES,
	};
	*ret = registry;
	return 0;
}

void registry_close(struct registry *registry)
{
	if (!registry)
		return;
	auth_free(registry->env.auth);
	http_free(registry->env.http);
	free(registry->host);
	free(registry->base);
	free(registry);
}

char *registry_scope(const char *repository, const char *actions)
{
	return xasprintf("repository:%s:%s", repository, actions);
}

struct transfer registry_request(struct registry *registry, const char *method,
				 const char *repository, const char *scope, char *url)
{
	return (struct transfer){
		.env = &registry->env,
		.repository = repository,
		.scope = scope,
		.method = method,
		.url = url,
		.body_fd = -1,
		.max_body = REGISTRY_MAX_ANSWER,
	};
}

int registry_run(struct transfer *t, int status, const char *what, struct err *err)
{
	int rc = transfer_run(t, err);

	if (rc < 0) {
		err_wrap(err, "%s", what);
		return rc;
	}
	return t->call.response.status == status ? 0 : transfer_refused(t, what, err);
}

int registry_ping(struct registry *registry, struct err *err)
{
	_cleanup_(transfer_release) struct transfer t =
		registry_request(registry, "GET", NULL, NULL, xasprintf("%s/v2/", registry->base));

	return registry_run(&t, 200, registry->host, err);
}

/* --- manifests ------------------------------------------------------------------------------- */

void document_release(struct document *doc)
{
	free(doc->bytes);
	free(doc->media_type);
	*doc = (struct document){ 0 };
}

static char *manifest_url(const struct registry *registry, const char *repository,
			  const char *version)
{
	return xasprintf("%s/v2/%s/manifests/%s", registry->base, repository, version);
}

static char *name_of(const struct registry *registry, const char *repository, const char *version)
{
	return xasprintf("%s/%s%s%s", registry->host, repository, digest_valid(version) ? "@" : ":",
			 version);
}

int registry_head(struct registry *registry, const char *repository, const char *version,
		  char ret_digest[DIGEST_ROOM], struct err *err)
{
	_cleanup_free_ char *scope = registry_scope(repository, "pull");
	_cleanup_free_ char *name = name_of(registry, repository, version);
	_cleanup_(transfer_release) struct transfer t = registry_request(
		registry, "HEAD", repository, scope, manifest_url(registry, repository, version));
	const char *digest;
	int rc;

	t.accept = ACCEPT;
	rc = registry_run(&t, 200, name, err);
	if (rc < 0)
		return rc;
	digest = t.call.response.digest;
	ret_digest[0] = '\0';
	if (digest && digest_valid(digest))
		memcpy(ret_digest, digest, DIGEST_ROOM);
	return 0;
}

/* "application/json; charset=utf-8" without what follows the type. */
static char *plain_type(const char *text)
{
	char *type = xstrndup(text, strcspn(text, "; \t"));

	for (char *c = type; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return type;
}

static int check_document(const struct registry *registry, const char *version,
			  const struct document *doc, const char *claimed, struct err *err)
{
	if (!media_is_manifest(doc->media_type) && !media_is_index(doc->media_type)) {
		err_exit(err, EXIT_REGISTRY);
		return err_set(err, EBADMSG,
			       "%s sends '%.100s', which is neither a manifest nor "
			       "an index",
			       registry->host, doc->media_type);
	}
	if ((digest_valid(version) && !streq(version, doc->digest)) ||
	    (claimed && digest_valid(claimed) && !streq(claimed, doc->digest))) {
		err_exit(err, EXIT_REGISTRY);
		return err_set(err, EBADMSG,
			       "%s sends something else than was asked for: its "
			       "digest is %s",
			       registry->host, doc->digest);
	}
	return 0;
}

int registry_get(struct registry *registry, const char *repository, const char *version,
		 struct document *ret, struct err *err)
{
	_cleanup_free_ char *scope = registry_scope(repository, "pull");
	_cleanup_free_ char *name = name_of(registry, repository, version);
	_cleanup_(document_release) struct document doc = { 0 };
	_cleanup_(transfer_release) struct transfer t = registry_request(
		registry, "GET", repository, scope, manifest_url(registry, repository, version));
	struct http_response *r = &t.call.response;
	int rc;

	t.accept = ACCEPT;
	t.max_body = MANIFEST_MAX_BYTES;
	rc = registry_run(&t, 200, name, err);
	if (rc < 0)
		return rc;
	doc.media_type = plain_type(r->content_type ? r->content_type : "");
	doc.len = r->body.len;
	doc.bytes = strbuf_steal(&r->body);
	digest_of(doc.bytes ? doc.bytes : "", doc.len, doc.digest);
	rc = check_document(registry, version, &doc, r->digest, err);
	if (rc < 0) {
		err_wrap(err, "%s", name);
		return rc;
	}
	*ret = doc;
	doc = (struct document){ 0 };
	return 0;
}

int registry_referrers(struct registry *registry, const char *repository, const char *digest,
		       struct document *ret, struct err *err)
{
	_cleanup_free_ char *scope = registry_scope(repository, "pull");
	_cleanup_(transfer_release) struct transfer t = registry_request(
		registry, "GET", repository, scope,
		xasprintf("%s/v2/%s/referrers/%s", registry->base, repository, digest));
	struct http_response *r = &t.call.response;
	_cleanup_free_ char *type = NULL;
	int rc;

	t.accept = "Accept: " MEDIA_INDEX;
	t.max_body = MANIFEST_MAX_BYTES;
	rc = transfer_run(&t, err);
	if (rc < 0)
		return rc;
	if (r->status == 401 || r->status == 403 || r->status == 429 || r->status >= 500)
		return transfer_refused(&t, "referrers", err);
	/* Registries that do not know it answer with 404, 405, 406, or with a page of text. */
	type = plain_type(r->content_type ? r->content_type : "");
	if (r->status != 200 || !streq(type, MEDIA_INDEX))
		return 1;
	ret->media_type = steal_ptr(&type);
	ret->len = r->body.len;
	ret->bytes = strbuf_steal(&r->body);
	return 0;
}

int registry_put(struct registry *registry, const char *repository, const char *version,
		 const struct document *doc, struct err *err)
{
	_cleanup_free_ char *scope = registry_scope(repository, "pull,push");
	_cleanup_free_ char *name = name_of(registry, repository, version);
	_cleanup_free_ char *type = xasprintf("Content-Type: %s", doc->media_type);
	_cleanup_(transfer_release) struct transfer t = registry_request(
		registry, "PUT", repository, scope, manifest_url(registry, repository, version));
	const char *digest;
	int rc;

	t.content_type = type;
	t.body = doc->bytes;
	t.body_bytes = doc->len;
	rc = registry_run(&t, 201, name, err);
	digest = t.call.response.digest;
	if (rc == 0 && digest && digest_valid(digest) && !streq(digest, doc->digest)) {
		err_exit(err, EXIT_REGISTRY);
		rc = err_set(err, EBADMSG, "%s: the registry keeps it as %s, not as %s", name,
			     digest, doc->digest);
	}
	return rc;
}

/* --- tags ------------------------------------------------------------------------------------ */

struct tags {
	char **names;
	size_t count;
};

static void tags_release(struct tags *tags)
{
	for (size_t i = 0; i < tags->count; i++)
		free(tags->names[i]);
	free(tags->names);
}

static int add_tags(struct tags *tags, const struct strbuf *body, struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	json_t *list, *tag;
	size_t i;
	int rc = json_parse("the list of tags", strbuf_str(body), body->len, &json, err);

	if (rc)
		return rc;
	list = json_object_get(json, "tags");
	if (json_array_size(list) > MAX_TAGS - tags->count)
		return err_set(err, EFBIG, "there are more than %d tags", MAX_TAGS);
	json_array_foreach(list, i, tag)
	{
		if (!json_is_string(tag))
			return err_set(err, EBADMSG, "a tag is not a text");
		tags->names = xreallocarray(tags->names, tags->count + 1, sizeof(*tags->names));
		tags->names[tags->count++] = xstrdup(json_string_value(tag));
	}
	return 0;
}

/* Link: </v2/x/tags/list?n=100&last=b>; rel="next". NULL: this was the last page. */
static int next_page(const struct registry *registry, const struct transfer *t, char **ret,
		     struct err *err)
{
	const char *link = t->call.response.link, *end;
	_cleanup_free_ char *target = NULL;
	int rc;

	*ret = NULL;
	link = link ? strchr(link, '<') : NULL;
	end = link ? strchr(link, '>') : NULL;
	if (!end || !strstr(end, "next"))
		return 0;
	target = xstrndup(link + 1, (size_t)(end - link) - 1);
	rc = url_join(t->url, target, ret, err);
	if (rc == 0 && !url_same_origin(*ret, registry->base)) {
		free(steal_ptr(ret));
		rc = err_set(err, EBADMSG, "the next page of tags is somewhere else");
	}
	return rc;
}

int registry_tags(struct registry *registry, const char *repository, char ***ret, size_t *ret_count,
		  struct err *err)
{
	_cleanup_free_ char *scope = registry_scope(repository, "pull");
	_cleanup_free_ char *what = xasprintf("%s/%s", registry->host, repository);
	_cleanup_(tags_release) struct tags tags = { 0 };
	char *url = xasprintf("%s/v2/%s/tags/list", registry->base, repository);
	int rc = 0;

	for (unsigned page = 0; rc == 0 && url; page++) {
		_cleanup_(transfer_release) struct transfer t =
			registry_request(registry, "GET", repository, scope, steal_ptr(&url));

		rc = registry_run(&t, 200, what, err);
		if (rc < 0)
			return rc;
		rc = page == MAX_PAGES ? err_set(err, ELOOP, "the pages have no end")
				       : add_tags(&tags, &t.call.response.body, err);
		if (rc == 0)
			rc = next_page(registry, &t, &url, err);
	}
	free(url);
	if (rc < 0) {
		err_exit(err, EXIT_REGISTRY);
		err_wrap(err, "%s", what);
		return rc;
	}
	*ret = tags.names;
	*ret_count = tags.count;
	tags = (struct tags){ 0 };
	return 0;
}
