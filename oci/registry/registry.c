// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/format/json.h"
#include "oci/format/manifest.h"
#include "oci/format/image_index.h"
#include "oci/format/ref.h"
#include "oci/registry/registry_internal.h"
#include "base/url.h"

#define DEFAULT_TRIES 5
#define ACCEPT                                                                                     \
	"Accept: " MEDIA_MANIFEST ", " MEDIA_INDEX ", " MEDIA_DOCKER_MANIFEST                      \
	", " MEDIA_DOCKER_INDEX

int registry_open(struct registry **ret, const char *host, const struct registry_opts *opts,
		  struct err *err)
{
	/* An option about certificates implies TLS. */
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
	if (status == REGISTRY_STORED ? registry_is_stored(t->call.response.status)
				      : t->call.response.status == status)
		return 0;
	return transfer_refused(t, what, err);
}

bool registry_is_stored(int status)
{
	return status == 200 || status == 201 || status == 202 || status == 204;
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

/* Some registries refuse HEAD, also with 404, for what they give to a GET. */
static bool refuses_head(int status)
{
	return status == 400 || status == 403 || status == 404 || status == 405 || status == 501;
}

static int head_by_get(struct registry *registry, const char *repository, const char *version,
		       char ret_digest[DIGEST_ROOM], struct err *err)
{
	_cleanup_(document_release) struct document doc = { 0 };
	int rc = registry_get(registry, repository, version, &doc, err);

	if (rc == 0)
		memcpy(ret_digest, doc.digest, DIGEST_ROOM);
	return rc;
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
	rc = transfer_run(&t, err);
	if (rc < 0) {
		err_wrap(err, "%s", name);
		return rc;
	}
	if (refuses_head(t.call.response.status))
		return head_by_get(registry, repository, version, ret_digest, err);
	if (t.call.response.status != 200)
		return transfer_refused(&t, name, err);
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

/* What servers say that do not know the type of what they serve. */
static bool says_nothing(const char *type)
{
	static const char *const types[] = {
		"",	     "application/json",	 "text/plain",
		"text/json", "application/octet-stream", "binary/octet-stream"
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (streq(type, types[i]))
			return true;
	return false;
}

/*
 * The type that the document itself names, where the server named none. A document without one
 * stays refused: it could be read as a manifest and as an index.
 */
static void take_own_type(struct document *doc)
{
	_cleanup_json_ json_t *json = NULL;
	const char *own = NULL;

	if (!says_nothing(doc->media_type) || !doc->bytes ||
	    json_parse("the manifest", doc->bytes, doc->len, &json, NULL) < 0 ||
	    json_get_text(json, "mediaType", &own, NULL) < 0 || !own)
		return;
	free(doc->media_type);
	doc->media_type = xstrdup(own);
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
	take_own_type(&doc);
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
	rc = registry_run(&t, REGISTRY_STORED, name, err);
	digest = t.call.response.digest;
	if (rc == 0 && digest && digest_valid(digest) && !streq(digest, doc->digest)) {
		err_exit(err, EXIT_REGISTRY);
		rc = err_set(err, EBADMSG, "%s: the registry keeps it as %s, not as %s", name,
			     digest, doc->digest);
	}
	return rc;
}
