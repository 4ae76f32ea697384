// SPDX-License-Identifier: Apache-2.0
#include "base/net/http.h"

#include <curl/curl.h>
#include <errno.h>

#include "base/dynlib.h"
#include "base/parse.h"
#include "base/util.h"
#include "base/url.h"

#define LIBRARY "libcurl.so.4"
#define PACKAGE "libcurl4"
#define CONNECT_TIMEOUT_MS 20000L
/* A connection that moves less than this for so long is taken for dead. */
#define SLOW_BYTES_PER_SECOND 1L
#define SLOW_SECONDS 60L
#define MAX_CONNECTIONS 8L
#define MAX_TIMEOUT_MS 86400000u
#define REUSES_HTTP2 0x080000
#define TOO_LARGE 100 /* CURLE_TOO_LARGE, since 8.6 */
#define MAX_HEADER_BYTES (64u << 10)
/* Small: it is memory, and the disk is the slower end. */
#define BUFFER_BYTES (128L << 10)

struct curl_api {
	__typeof__(&curl_global_init) global_init;
	__typeof__(&curl_version_info) version_info;
	__typeof__(&curl_easy_init) easy_init;
	__typeof__(&curl_easy_setopt) setopt;
	__typeof__(&curl_easy_getinfo) getinfo;
	__typeof__(&curl_easy_cleanup) easy_cleanup;
	__typeof__(&curl_easy_strerror) strerror;
	__typeof__(&curl_slist_append) slist_append;
	__typeof__(&curl_slist_free_all) slist_free;
	__typeof__(&curl_multi_init) multi_init;
	__typeof__(&curl_multi_setopt) multi_setopt;
	__typeof__(&curl_multi_add_handle) add;
	__typeof__(&curl_multi_remove_handle) remove;
	__typeof__(&curl_multi_perform) perform;
	__typeof__(&curl_multi_poll) poll;
	__typeof__(&curl_multi_info_read) info_read;
	__typeof__(&curl_multi_cleanup) multi_cleanup;
};

struct http {
	struct curl_api api;
	CURLM *multi;
	bool insecure;
	char *ca_file, *cert_file, *key_file;
	const char *trust_hint, *tls_hint;
	struct http_transfer *running; /* a list */
};

struct http_transfer {
	struct http *http;
	struct http_call *call;
	struct http_transfer *next;
	CURL *easy;
	struct curl_slist *headers;
	uint64_t sent_bytes, received_bytes;
	size_t header_bytes;
	int failure; /* of a callback of ours */
	char message[CURL_ERROR_SIZE];
};

static int load(struct curl_api *api, const char *purpose, struct err *err)
{
	const struct dynlib_symbol symbols[] = {
		{ "curl_global_init", &api->global_init },
		{ "curl_version_info", &api->version_info },
		{ "curl_easy_init", &api->easy_init },
		{ "curl_easy_setopt", &api->setopt },
		{ "curl_easy_getinfo", &api->getinfo },
		{ "curl_easy_cleanup", &api->easy_cleanup },
		{ "curl_easy_strerror", &api->strerror },
		{ "curl_slist_append", &api->slist_append },
		{ "curl_slist_free_all", &api->slist_free },
		{ "curl_multi_init", &api->multi_init },
		{ "curl_multi_setopt", &api->multi_setopt },
		{ "curl_multi_add_handle", &api->add },
		{ "curl_multi_remove_handle", &api->remove },
		{ "curl_multi_perform", &api->perform },
		{ "curl_multi_poll", &api->poll },
		{ "curl_multi_info_read", &api->info_read },
		{ "curl_multi_cleanup", &api->multi_cleanup },
	};

	return dynlib_open(NULL, LIBRARY, PACKAGE, purpose, symbols, ARRAY_LEN(symbols), err);
}

static char *dup_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

int http_new(struct http **ret, const struct http_opts *opts, struct err *err)
{
	struct http *http = xcalloc(1, sizeof(*http));
	int rc = load(&http->api, opts->purpose, err);

	if (rc == 0 && http->api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		rc = err_set(err, EIO, "libcurl cannot be initialized");
	if (rc == 0) {
		http->multi = http->api.multi_init();
		if (!http->multi)
			rc = err_set(err, ENOMEM, "libcurl cannot be initialized");
	}
	if (rc < 0) {
		free(http);
		return rc;
	}
	http->api.multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, MAX_CONNECTIONS);
	http->api.multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	http->insecure = opts->insecure;
	http->trust_hint = opts->trust_hint;
	http->tls_hint = opts->tls_hint;
	http->ca_file = dup_or_null(opts->ca_file);
	http->cert_file = dup_or_null(opts->cert_file);
	http->key_file = dup_or_null(opts->key_file);
	*ret = http;
	return 0;
}

/* --- callbacks ------------------------------------------------------------------------------- */

/* "NAME: value" without the name and the spaces around; NULL: another header. malloc'ed. */
static char *header_value(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return NULL;
	for (n++; n < len && (line[n] == ' ' || line[n] == '\t');)
		n++;
	while (len > n && strchr(" \t\r\n", line[len - 1]))
		len--;
	return memchr(line + n, '\0', len - n) ? NULL : xstrndup(line + n, len - n);
}

static void response_release(struct http_response *r)
{
	char *const texts[] = { r->location,	 r->content_type,     r->digest,
				r->link,	 r->retry_after,      r->range,
				r->upload_id,	 r->chunk_min_length, r->grpc_status,
				r->grpc_message, r->grpc_details };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < r->nchallenges; i++)
		free(r->challenges[i]);
	strbuf_release(&r->body);
	*r = (struct http_response){ .content_length = -1, .range_start = -1 };
}

static void take_number(const char *text, int64_t *ret)
{
	_cleanup_free_ char *digits = xstrndup(text, strspn(text, "0123456789"));
	uint64_t value = 0;

	if (*digits && parse_u64(digits, &value) == 0 && value <= INT64_MAX)
		*ret = (int64_t)value;
}

/* Lists may be divided into several headers (RFC 9110, 5.3). */
static void take_link(struct http_response *r, char *value)
{
	char *joined = r->link ? xasprintf("%s, %s", r->link, value) : xstrdup(value);

	free(r->link);
	r->link = joined;
}

static void take_header(struct http_response *r, const char *line, size_t len)
{
	const struct {
		const char *name;
		char **slot;
	} texts[] = {
		{ "Location", &r->location },
		{ "Content-Type", &r->content_type },
		{ "Docker-Content-Digest", &r->digest },
		{ "Retry-After", &r->retry_after },
		{ "Range", &r->range },
		{ "Docker-Upload-UUID", &r->upload_id },
		{ "OCI-Chunk-Min-Length", &r->chunk_min_length },
		{ "grpc-status", &r->grpc_status },
		{ "grpc-message", &r->grpc_message },
		{ "grpc-status-details-bin", &r->grpc_details },
	};
	_cleanup_free_ char *length = header_value(line, len, "Content-Length");
	_cleanup_free_ char *range = header_value(line, len, "Content-Range");
	_cleanup_free_ char *link = header_value(line, len, "Link");
	char *challenge;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *value = header_value(line, len, texts[i].name);

		if (value) {
			free(*texts[i].slot);
			*texts[i].slot = value;
			return;
		}
	}
	if (link)
		take_link(r, link);
	if (length)
		take_number(length, &r->content_length);
	if (range && strncasecmp(range, "bytes ", 6) == 0)
		take_number(range + 6, &r->range_start);
	challenge = header_value(line, len, "WWW-Authenticate");
	if (challenge && r->nchallenges < HTTP_MAX_CHALLENGES)
		r->challenges[r->nchallenges++] = challenge;
	else
		free(challenge);
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
	struct http_transfer *t = ctx;
	size_t len = size * count;

	t->header_bytes += len;
	if (t->header_bytes > MAX_HEADER_BYTES) {
		t->failure = err_set(&t->call->err, EBADMSG, "the headers are larger than %u KiB",
				     MAX_HEADER_BYTES >> 10);
		return 0;
	}
	/* Another answer begins: what an interim one said does not count. */
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0)
		response_release(&t->call->response);
	else
		take_header(&t->call->response, line, len);
	return len;
}

static bool is_good(int status)
{
	return status >= 200 && status < 300;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct http_transfer *t = ctx;
	struct http_call *call = t->call;
	size_t len = size * count;
	long status = 0;
	int rc;

	t->http->api.getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	call->response.status = (int)status;
	t->received_bytes += len;
	if (is_good((int)status) && call->sink) {
		rc = call->sink(call->ctx, &call->response, bytes, len);
	} else {
		call->response.body.max = call->max_body;
		strbuf_add(&call->response.body, bytes, len);
		rc = call->response.body.full && !call->cut_body
			     ? err_set(&call->err, EFBIG, "the answer is larger than %zu bytes",
				       call->max_body)
			     : 0;
	}
	if (rc < 0)
		t->failure = rc;
	return rc < 0 ? 0 : len;
}

static size_t on_read(char *bytes, size_t size, size_t count, void *ctx)
{
	struct http_transfer *t = ctx;
	struct http_call *call = t->call;
	uint64_t left = call->body_bytes - t->sent_bytes;
	size_t len = (size_t)MIN((uint64_t)(size * count), left);
	ssize_t n = (ssize_t)len;

	if (call->body_fd >= 0)
		n = pread(call->body_fd, bytes, len, (off_t)(call->body_offset + t->sent_bytes));
	else if (len)
		memcpy(bytes, (const char *)call->body + t->sent_bytes, len);
	if (n < 0 || (n == 0 && len)) {
		t->failure = err_set(&call->err, EIO, "cannot read what is to be sent");
		return CURL_READFUNC_ABORT;
	}
	t->sent_bytes += (uint64_t)n;
	if (call->sent)
		call->sent(call->ctx, t->sent_bytes);
	return (size_t)n;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct http_transfer *t = ctx;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->call->body_bytes)
		return CURL_SEEKFUNC_FAIL;
	t->sent_bytes = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* --- calls ----------------------------------------------------------------------------------- */

static void set_tls(const struct http *http, CURL *easy)
{
	const struct curl_api *api = &http->api;

	if (http->insecure) {
		api->setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		api->setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (http->ca_file) {
		api->setopt(easy, CURLOPT_CAINFO, http->ca_file);
		api->setopt(easy, CURLOPT_CAPATH, NULL);
	}
	if (http->cert_file)
		api->setopt(easy, CURLOPT_SSLCERT, http->cert_file);
	if (http->key_file)
		api->setopt(easy, CURLOPT_SSLKEY, http->key_file);
}

static void set_request(struct http_transfer *t)
{
	const struct curl_api *api = &t->http->api;
	const struct http_call *call = t->call;
	bool sends = streq(call->method, "PUT") || streq(call->method, "POST") ||
		     streq(call->method, "PATCH");

	for (size_t i = 0; i < call->nheaders; i++)
		t->headers = api->slist_append(t->headers, call->headers[i]);
	for (size_t i = 0; i < call->nmore_headers; i++)
		t->headers = api->slist_append(t->headers, call->more_headers[i]);
	/* Nobody here waits for "100 Continue": what is sent can be sent again. */
	t->headers = api->slist_append(t->headers, "Expect:");
	if (streq(call->method, "HEAD")) {
		api->setopt(t->easy, CURLOPT_NOBODY, 1L);
	} else if (sends) {
		api->setopt(t->easy, CURLOPT_UPLOAD, 1L);
		api->setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->body_bytes);
		api->setopt(t->easy, CURLOPT_READFUNCTION, on_read);
		api->setopt(t->easy, CURLOPT_READDATA, t);
		api->setopt(t->easy, CURLOPT_SEEKFUNCTION, on_seek);
		api->setopt(t->easy, CURLOPT_SEEKDATA, t);
	}
	if (!streq(call->method, "HEAD"))
		api->setopt(t->easy, CURLOPT_CUSTOMREQUEST, call->method);
	api->setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

/* A proxy cannot reach what only this machine can. */
static void set_proxy(struct http_transfer *t)
{
	_cleanup_(url_release) struct url url = { 0 };

	if (url_parse(t->call->url, &url, NULL) == 0 && host_is_loopback(url.host))
		t->http->api.setopt(t->easy, CURLOPT_NOPROXY, "*");
}

/* libcurl 7.88 fails on the second use of a connection that was HTTP/2 without being asked. */
static void set_http2(struct http_transfer *t)
{
	const struct curl_api *api = &t->http->api;
	bool secure = url_is_secure(t->call->url);

	api->setopt(t->easy, CURLOPT_HTTP_VERSION,
		    secure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	if (!secure && api->version_info(CURLVERSION_NOW)->version_num < REUSES_HTTP2)
		api->setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
}

static void set_options(struct http_transfer *t)
{
	const struct curl_api *api = &t->http->api;
	CURL *easy = t->easy;

	api->setopt(easy, CURLOPT_URL, t->call->url);
	api->setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	api->setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* No CURLOPT_PIPEWAIT: a request whose sending fails leaves a connection behind of which
	 * libcurl 7.88 never learns whether it takes several; others would wait for it for ever. */
	if (t->call->http2)
		set_http2(t);
	if (t->call->timeout_ms)
		api->setopt(easy, CURLOPT_TIMEOUT_MS,
			    (long)MIN(t->call->timeout_ms, MAX_TIMEOUT_MS));
	api->setopt(easy, CURLOPT_USERAGENT, "bombus/" BOMBUS_VERSION);
	api->setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	api->setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_PER_SECOND);
	api->setopt(easy, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
	api->setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	api->setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_BYTES);
	api->setopt(easy, CURLOPT_ERRORBUFFER, t->message);
	api->setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	api->setopt(easy, CURLOPT_HEADERDATA, t);
	api->setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	api->setopt(easy, CURLOPT_WRITEDATA, t);
	api->setopt(easy, CURLOPT_PRIVATE, t);
	set_proxy(t);
	set_tls(t->http, easy);
	set_request(t);
}

void http_call_reset(struct http_call *call)
{
	response_release(&call->response);
	call->done = call->broken = false;
	call->result = 0;
	call->err = (struct err){ 0 };
}

void http_call_release(struct http_call *call)
{
	response_release(&call->response);
}

void http_start(struct http *http, struct http_call *call)
{
	struct http_transfer *t = xcalloc(1, sizeof(*t));

	*t = (struct http_transfer){ .http = http, .call = call, .next = http->running };
	t->easy = http->api.easy_init();
	if (!t->easy) {
		call->done = true;
		call->result = err_set(&call->err, ENOMEM, "libcurl has no memory");
		free(t);
		return;
	}
	http->running = t;
	call->transfer = t;
	set_options(t);
	http->api.add(http->multi, t->easy);
}

static void transfer_free(struct http_transfer *t)
{
	struct http_transfer **link = &t->http->running;

	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	t->call->transfer = NULL;
	t->http->api.remove(t->http->multi, t->easy);
	t->http->api.easy_cleanup(t->easy);
	t->http->api.slist_free(t->headers);
	free(t);
}

void http_cancel(struct http *http, struct http_call *call)
{
	if (call->transfer)
		transfer_free(call->transfer);
}

static bool is_certificate(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
	       code == CURLE_SSL_ISSUER_ERROR;
}

static bool is_setup(CURLcode code)
{
	return is_certificate(code) || code == CURLE_URL_MALFORMAT ||
	       code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_SSL_CERTPROBLEM ||
	       code == CURLE_COULDNT_RESOLVE_PROXY;
}

static void explain(struct http_transfer *t, CURLcode code)
{
	struct http_call *call = t->call;
	const char *what = t->message[0] ? t->message : t->http->api.strerror(code);

	/* What libcurl says of a line in the headers that is over its own limit; later versions
	 * say CURLE_TOO_LARGE. When memory is really out, one of our own allocations ends us. */
	if (code == CURLE_OUT_OF_MEMORY || (int)code == TOO_LARGE) {
		call->result =
			err_set(&call->err, EBADMSG, "the answer has a header that is too long");
		return;
	}
	call->broken = !is_setup(code);
	call->result = err_set(&call->err, call->broken ? ECONNABORTED : EIO, "%s", what);
	if (code == CURLE_SSL_CACERT_BADFILE && t->http->ca_file)
		err_hint(&call->err, "%s has to hold certificates, as PEM", t->http->ca_file);
	else if (is_certificate(code) && t->http->trust_hint)
		err_hint(&call->err, "%s", t->http->trust_hint);
	else if (code == CURLE_SSL_CONNECT_ERROR && t->http->tls_hint)
		err_hint(&call->err, "%s", t->http->tls_hint);
}

static void finish(struct http_transfer *t, CURLcode code)
{
	struct http_call *call = t->call;
	long status = 0;

	t->http->api.getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	call->response.status = (int)status;
	if (t->failure < 0)
		call->result = t->failure;
	else if (code != CURLE_OK)
		explain(t, code);
	call->done = true;
	transfer_free(t);
}

static bool reap(struct http *http)
{
	bool any = false;
	CURLMsg *msg;
	int left = 0;

	while ((msg = http->api.info_read(http->multi, &left))) {
		struct http_transfer *t = NULL;
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		http->api.getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
		finish(t, code);
		any = true;
	}
	return any;
}

void http_wait(struct http *http, int timeout_ms)
{
	int running = 0;

	http->api.perform(http->multi, &running);
	if (reap(http))
		return;
	http->api.poll(http->multi, NULL, 0, timeout_ms, NULL);
	http->api.perform(http->multi, &running);
	reap(http);
}

void http_free(struct http *http)
{
	if (!http)
		return;
	while (http->running)
		transfer_free(http->running);
	http->api.multi_cleanup(http->multi);
	free(http->ca_file);
	free(http->cert_file);
	free(http->key_file);
	free(http);
}
