// SPDX-License-Identifier: Apache-2.0
#include "oci/registry/auth.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "oci/registry/challenge.h"
#include "oci/registry/creds.h"
#include "oci/format/json.h"
#include "base/net/retry.h"
#include "base/url.h"

#define MAX_TOKEN_BYTES (1u << 20)
#define MAX_BODY_BYTES (64u << 10)
#define MAX_TOKENS 16
#define TOKEN_TRIES 4
#define DEFAULT_LIFE_S 60
#define MAX_LIFE_S (24 * 3600)
/* A request takes its time on the way. */
#define EARLY_S 10
#define CLIENT_ID "bombus"

struct token {
	char *scope;
	char *header;
	uint64_t end_ns;
};

struct auth {
	struct http *http;
	char *host, *base, *authfile;
	bool plain_http, given;
	struct creds creds; /* of `repository`, when `looked` */
	char *repository;
	bool looked;
	char *basic; /* header; NULL: it did not ask for it */
	struct token tokens[MAX_TOKENS];
	size_t ntokens;
};

static char *dup_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

struct auth *auth_new(const struct auth_opts *opts)
{
	struct auth *auth = xcalloc(1, sizeof(*auth));

	*auth = (struct auth){
		.http = opts->http,
		.host = xstrdup(opts->host),
		.base = xstrdup(opts->base),
		.authfile = dup_or_null(opts->authfile),
		.plain_http = opts->plain_http,
		.given = opts->user != NULL,
		.looked = opts->user != NULL,
		.creds = { dup_or_null(opts->user), dup_or_null(opts->secret), NULL },
	};
	return auth;
}

static void secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void forget(struct auth *auth, size_t i)
{
	secret_free(auth->tokens[i].header);
	free(auth->tokens[i].scope);
	auth->tokens[i] = auth->tokens[--auth->ntokens];
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	while (auth->ntokens)
		forget(auth, auth->ntokens - 1);
	secret_free(auth->basic);
	creds_release(&auth->creds);
	free(auth->host);
	free(auth->base);
	free(auth->authfile);
	free(auth->repository);
	free(auth);
}

const char *auth_header(struct auth *auth, const char *repository, const char *scope)
{
	const char *wanted = scope ? scope : "";

	if (auth->basic)
		return auth->basic;
	for (size_t i = 0; i < auth->ntokens; i++) {
		if (!streq(auth->tokens[i].scope, wanted))
			continue;
		if (auth->tokens[i].end_ns > now_mono_ns())
			return auth->tokens[i].header;
		forget(auth, i);
		return NULL;
	}
	return NULL;
}

static void remember(struct auth *auth, const char *scope, char *header, uint64_t life_s)
{
	uint64_t life = life_s > 2 * EARLY_S ? life_s - EARLY_S : life_s;

	for (size_t i = auth->ntokens; i-- > 0;)
		if (streq(auth->tokens[i].scope, scope))
			forget(auth, i);
	if (auth->ntokens == MAX_TOKENS)
		forget(auth, 0);
	auth->tokens[auth->ntokens++] = (struct token){
		.scope = xstrdup(scope),
		.header = header,
		.end_ns = now_mono_ns() + life * 1000000000,
	};
}

/* Some tools keep credentials for parts of a registry. */
static int look_up(struct auth *auth, const char *repository, struct err *err)
{
	int rc;

	if (auth->given || (auth->looked && streq(auth->repository ? auth->repository : "",
						  repository ? repository : "")))
		return 0;
	creds_release(&auth->creds);
	rc = creds_find(auth->authfile, auth->host, repository, &auth->creds, err);
	if (rc < 0)
		return rc;
	free(auth->repository);
	auth->repository = dup_or_null(repository);
	auth->looked = true;
	return 0;
}

static bool has_creds(const struct auth *auth)
{
	return auth->creds.user || auth->creds.identity_token;
}

/* --- tokens ---------------------------------------------------------------------------------- */

/* The realm gets our credentials: it has to be at least as safe as the registry itself. */
static int check_realm(const struct auth *auth, const char *realm, struct err *err)
{
	_cleanup_(url_release) struct url url = { 0 }, base = { 0 };
	int rc = url_parse(realm, &url, err);

	if (rc == 0)
		rc = url_parse(auth->base, &base, err);
	if (rc) {
		err_wrap(err, "the token server");
		return rc;
	}
	if (url.secure)
		return 0;
	if (base.secure)
		return err_set(err, EBADMSG,
			       "the token server '%s' is refused: it speaks plain HTTP, and the "
			       "registry does not",
			       realm);
	if (streq(url.host, base.host) || host_is_loopback(url.host) || auth->plain_http)
		return 0;
	return err_set(err, EBADMSG, "the token server '%s' is refused: plain HTTP to another host",
		       realm);
}

static void add_scopes(struct strbuf *out, const char *scope)
{
	while (*scope) {
		_cleanup_free_ char *one = xstrndup(scope, strcspn(scope, " "));

		strbuf_adds(out, "&scope=");
		url_escape(out, one);
		scope += strlen(one);
		scope += strspn(scope, " ");
	}
}

static char *get_url(const struct challenge *c, const char *scope)
{
	_cleanup_strbuf_ struct strbuf url = STRBUF_INIT(URL_MAX_BYTES);

	strbuf_addf(&url, "%s%cclient_id=" CLIENT_ID, c->realm, strchr(c->realm, '?') ? '&' : '?');
	if (c->service) {
		strbuf_adds(&url, "&service=");
		url_escape(&url, c->service);
	}
	add_scopes(&url, scope);
	return strbuf_steal(&url);
}

static char *post_body(const struct challenge *c, const char *scope, const char *token)
{
	_cleanup_strbuf_ struct strbuf body = STRBUF_INIT(MAX_BODY_BYTES);

	strbuf_adds(&body, "grant_type=refresh_token&client_id=" CLIENT_ID);
	if (c->service) {
		strbuf_adds(&body, "&service=");
		url_escape(&body, c->service);
	}
	if (*scope) {
		strbuf_adds(&body, "&scope=");
		url_escape(&body, scope);
	}
	strbuf_adds(&body, "&refresh_token=");
	url_escape(&body, token);
	return strbuf_steal(&body);
}

/* To its end, with repetitions as for any other request. */
static int run(struct auth *auth, struct http_call *call, struct err *err)
{
	for (unsigned tries = 1;; tries++) {
		uint64_t pause;
		struct timespec ts;

		http_call_reset(call);
		http_start(auth->http, call);
		while (!call->done)
			http_wait(auth->http, 1000);
		if (call->result < 0 && (!call->broken || tries == TOKEN_TRIES)) {
			*err = call->err;
			return call->result;
		}
		if (call->result == 0 &&
		    (!retry_status(call->response.status) || tries == TOKEN_TRIES))
			return 0;
		pause = retry_pause_ns(tries, call->response.retry_after, now_real_ns());
		if (pause > RETRY_MAX_NS)
			return err_set(err, EBUSY, "it is busy and asks for a longer pause");
		ts = (struct timespec){ (time_t)(pause / 1000000000), (long)(pause % 1000000000) };
		nanosleep(&ts, NULL);
	}
}

static int parse_token(const struct http_response *r, char **ret, uint64_t *ret_life_s,
		       struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	const char *token = NULL;
	uint64_t life = DEFAULT_LIFE_S;
	int rc = json_parse("its answer", r->body.buf, r->body.len, &json, err);

	if (rc == 0)
		rc = json_get_text(json, "token", &token, err);
	if (rc == 0 && (!token || !*token))
		rc = json_get_text(json, "access_token", &token, err);
	if (rc < 0)
		return rc;
	/* It becomes a header: no line may end in it. */
	if (!token || !*token || strpbrk(token, "\r\n"))
		return err_set(err, EBADMSG, "its answer has no token");
	if (json_get_size(json, "expires_in", &life, NULL) < 0 || !life)
		life = DEFAULT_LIFE_S;
	*ret_life_s = MIN(life, (uint64_t)MAX_LIFE_S);
	*ret = xstrdup(token);
	return 0;
}

static int judge(const struct auth *auth, const struct http_response *r, struct err *err)
{
	if (r->status >= 200 && r->status < 300)
		return 0;
	if (r->status == 401 || r->status == 403) {
		err_hint(err,
			 has_creds(auth)
				 ? "are these credentials right? 'bombus login %s' sets new ones"
				 : "'bombus login %s' if you have an account there",
			 auth->host);
		return err_set(err, EACCES, "it refuses the request: status %d", r->status);
	}
	return err_set(err, EBADMSG, "it answers with status %d", r->status);
}

/* *ret_status is 404 or 405 where the server has no such way. */
static int post_token(struct auth *auth, const struct challenge *c, const char *scope,
		      struct http_call *call, struct err *err)
{
	_cleanup_free_ char *body = post_body(c, scope, auth->creds.identity_token);
	int rc;

	*call = (struct http_call){
		.method = "POST",
		.url = c->realm,
		.headers = { "Content-Type: application/x-www-form-urlencoded" },
		.nheaders = 1,
		.body = body,
		.body_bytes = strlen(body),
		.body_fd = -1,
		.max_body = MAX_TOKEN_BYTES,
	};
	rc = run(auth, call, err);
	explicit_bzero(body, strlen(body));
	return rc;
}

static int get_token(struct auth *auth, const struct challenge *c, const char *scope,
		     bool anonymous, struct http_call *call, struct err *err)
{
	_cleanup_free_ char *url = get_url(c, scope);
	char *pair = auth->creds.user && !anonymous
			     ? creds_basic(auth->creds.user, auth->creds.secret)
			     : NULL;
	char *header = pair ? xasprintf("Authorization: Basic %s", pair) : NULL;
	int rc;

	*call = (struct http_call){
		.method = "GET",
		.url = url,
		.headers = { header },
		.nheaders = header ? 1 : 0,
		.body_fd = -1,
		.max_body = MAX_TOKEN_BYTES,
	};
	rc = run(auth, call, err);
	secret_free(pair);
	secret_free(header);
	return rc;
}

static int ask_for_token(struct auth *auth, const struct challenge *c, const char *ask,
			 bool anonymous, struct http_call *call, struct err *err)
{
	bool posted = auth->creds.identity_token && !anonymous;
	int rc = posted ? post_token(auth, c, ask, call, err) : 0;

	if (rc == 0 && posted && (call->response.status == 404 || call->response.status == 405)) {
		http_call_release(call);
		posted = false;
	}
	if (rc == 0 && !posted)
		rc = get_token(auth, c, ask, anonymous, call, err);
	return rc == 0 ? judge(auth, &call->response, err) : rc;
}

/* -EACCES: the server refuses. */
static int fetch_token(struct auth *auth, const struct challenge *c, const char *ask,
		       const char *scope, bool anonymous, struct err *err)
{
	_cleanup_(http_call_release) struct http_call call = { .body_fd = -1 };
	char *token = NULL;
	uint64_t life_s = 0;
	int rc = ask_for_token(auth, c, ask, anonymous, &call, err);

	if (rc == 0)
		rc = parse_token(&call.response, &token, &life_s, err);
	if (rc < 0 || !token) {
		err_wrap(err, "the token server %s", c->realm);
		return rc;
	}
	remember(auth, scope, xasprintf("Authorization: Bearer %s", token), life_s);
	secret_free(token);
	return 0;
}

/* --- answers --------------------------------------------------------------------------------- */

static int denied(const struct auth *auth, struct err *err)
{
	if (has_creds(auth)) {
		err_hint(err,
			 "are these credentials right, and may they do this? "
			 "'bombus login %s' sets new ones",
			 auth->host);
		return err_set(err, EACCES, "%s refuses these credentials", auth->host);
	}
	err_hint(err, "'bombus login %s'", auth->host);
	return err_set(err, EACCES, "%s wants credentials, and there are none", auth->host);
}

static int answer_basic(struct auth *auth, unsigned round, struct err *err)
{
	char *pair;

	if (!auth->creds.user || round > 0)
		return denied(auth, err);
	pair = creds_basic(auth->creds.user, auth->creds.secret);
	secret_free(auth->basic);
	auth->basic = xasprintf("Authorization: Basic %s", pair);
	secret_free(pair);
	return 0;
}

/* The repository of "repository:NAME:ACTIONS", as a span of the text; NULL: another scope. */
static const char *scope_repository(const char *scope, size_t len, size_t *ret_len)
{
	static const char prefix[] = "repository:";
	size_t n = strlen(prefix), end = len;

	if (len < n || memcmp(scope, prefix, n) != 0)
		return NULL;
	while (end > n && scope[end - 1] != ':')
		end--;
	*ret_len = end > n ? end - 1 - n : 0;
	return scope + n;
}

static bool has_word(const char *list, const char *word, size_t len)
{
	for (; *list; list += strcspn(list, " "), list += strspn(list, " "))
		if (strcspn(list, " ") == len && memcmp(list, word, len) == 0)
			return true;
	return false;
}

static bool names_repository(const char *list, const char *name, size_t len)
{
	size_t other_len = 0;

	for (; *list; list += strcspn(list, " "), list += strspn(list, " ")) {
		const char *other = scope_repository(list, strcspn(list, " "), &other_len);

		if (other && other_len == len && memcmp(other, name, len) == 0)
			return true;
	}
	return false;
}

/*
 * What to ask the token server for. A registry may know the repository under another name than its
 * address shows (a proxy with a prefix): then its challenge alone is right. Otherwise ours is,
 * which may be more than this one request needs, with what the challenge adds (such as a region).
 */
static char *scope_to_ask(const char *own, const char *challenged)
{
	_cleanup_strbuf_ struct strbuf all = STRBUF_INIT(MAX_BODY_BYTES);
	const char *at = challenged ? challenged : "";

	strbuf_adds(&all, own);
	for (; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		size_t len = strcspn(at, " "), name_len = 0;
		const char *name = scope_repository(at, len, &name_len);

		if (name && !names_repository(own, name, name_len))
			return xstrdup(challenged);
		if (!name && !has_word(own, at, len))
			strbuf_addf(&all, "%s%.*s", all.len ? " " : "", (int)len, at);
	}
	return xstrdup(strbuf_str(&all));
}

/*
 * Credentials that the token server refuses may be right for the registry itself, if it takes
 * Basic too. They must not hide a public image either, so the token server is asked once more
 * without them. The first refusal is reported.
 */
static int fetch_anyhow(struct auth *auth, const struct challenge *c, bool basic, const char *ask,
			const char *scope, struct err *err)
{
	struct err refusal = { 0 };
	int rc = fetch_token(auth, c, ask, scope, false, &refusal);

	if (rc == -EACCES && basic && auth->creds.user)
		return answer_basic(auth, 0, err);
	if (rc == -EACCES && has_creds(auth) && fetch_token(auth, c, ask, scope, true, NULL) == 0) {
		log_warn("%s refuses the stored credentials; bombus asks without "
			 "them ('bombus login %s' sets new ones)",
			 auth->host, auth->host);
		return 0;
	}
	if (rc < 0 && err)
		*err = refusal;
	return rc;
}

static int answer_bearer(struct auth *auth, struct challenge *c, bool basic, const char *scope,
			 unsigned round, struct err *err)
{
	_cleanup_free_ char *ask = scope_to_ask(scope, c->scope);
	bool other = c->scope && !streq(c->scope, ask);
	char *realm = NULL;
	int rc;

	/* What was not enough for it is asked for once more, in the challenge's own words. */
	if (round > 1 || (round == 1 && !other))
		return denied(auth, err);
	rc = url_join(auth->base, c->realm, &realm, err);
	if (rc < 0) {
		err_wrap(err, "the token server");
		return rc;
	}
	free(c->realm);
	c->realm = realm;
	rc = check_realm(auth, c->realm, err);
	if (rc < 0)
		return rc;
	return fetch_anyhow(auth, c, basic, round == 1 ? c->scope : ask, scope, err);
}

int auth_answer(struct auth *auth, const struct http_response *response, const char *repository,
		const char *scope, unsigned round, struct err *err)
{
	struct challenge list[CHALLENGES_MAX];
	struct challenge *bearer, *basic;
	size_t count = 0;
	int rc = look_up(auth, repository, err);

	for (size_t i = 0; i < response->nchallenges; i++)
		count = challenges_parse(response->challenges[i], list, count);
	bearer = challenge_find(list, count, "Bearer");
	basic = challenge_find(list, count, "Basic");
	if (rc < 0)
		err_wrap(err, "credentials for %s", auth->host);
	else if (bearer && bearer->realm)
		rc = answer_bearer(auth, bearer, basic != NULL, scope ? scope : "", round, err);
	else if (basic)
		rc = answer_basic(auth, round, err);
	else
		rc = err_set(err, EBADMSG, "%s asks for credentials in an unknown way: %s",
			     auth->host, count ? list[0].scheme : "it does not say how");
	challenges_release(list, count);
	if (rc < 0)
		err_exit(err, EXIT_REGISTRY);
	return rc;
}
