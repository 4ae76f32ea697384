// SPDX-License-Identifier: Apache-2.0
#include "oci/registry/transfer.h"

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "oci/format/json.h"
#include "base/net/retry.h"
#include "base/url.h"

#define MAX_REDIRECTS 5
/* Connections that a body may take when each of them brings some of it. */
#define MAX_RESUMES 1000
#define MAX_ERROR_TEXT 300
#define IDLE_MS 1000

static void restart(struct transfer *t)
{
	struct http_call *call = &t->call;
	uint64_t from = t->offset ? t->offset(t->ctx) : 0;
	const char *line = NULL;

	http_call_reset(call);
	*call = (struct http_call){
		.method = t->method,
		.url = t->current_url,
		.body = t->body,
		.body_bytes = t->body_bytes,
		.body_fd = t->body_fd,
		.body_offset = t->body_offset,
		.max_body = t->max_body,
		.sink = t->sink,
		.sent = t->sent,
		.ctx = t->ctx,
		.response = call->response,
	};
	if (t->accept)
		call->headers[call->nheaders++] = t->accept;
	if (t->content_type)
		call->headers[call->nheaders++] = t->content_type;
	if (t->content_range)
		call->headers[call->nheaders++] = t->content_range;
	if (url_same_origin(t->current_url, t->env->base))
		line = auth_header(t->env->auth, t->repository, t->scope);
	if (line) {
		/* A copy: while this waits, another transfer may get a new token. */
		free(t->auth_line);
		t->auth_line = xstrdup(line);
		call->headers[call->nheaders++] = t->auth_line;
	}
	if (from) {
		free(t->range);
		t->range = xasprintf("Range: bytes=%llu-", (unsigned long long)from);
		call->headers[call->nheaders++] = t->range;
	}
	t->last_offset = from;
	t->due_ns = 0;
	log_debug("%s %s%s%s", t->method, t->current_url, from ? " from byte " : "",
		  from ? t->range + strlen("Range: bytes=") : "");
	http_start(t->env->http, call);
}

void transfer_begin(struct transfer *t)
{
	free(t->current_url);
	t->current_url = xstrdup(t->url);
	t->begun = true;
	if (!t->due_ns)
		restart(t);
}

static int fail(struct transfer *t, int result)
{
	t->result = result;
	err_exit(&t->err, EXIT_REGISTRY);
	return 1;
}

/* Repeats it later, unless it was repeated enough. 1: it was. */
static int again(struct transfer *t)
{
	uint64_t now = t->offset ? t->offset(t->ctx) : 0, pause;

	if (t->once)
		return 1;
	/*
	 * An attempt that gets further than all before it is worth going on with, up to a limit.
	 * A server that ignores Range begins again each time and may never get further.
	 */
	if (now > t->most_bytes) {
		t->most_bytes = now;
		if (t->resumes++ < MAX_RESUMES)
			t->tries = 0;
	}
	if (++t->tries >= t->env->max_tries)
		return 1;
	pause = retry_pause_ns(t->tries, t->call.response.retry_after, now_real_ns());
	if (pause > RETRY_MAX_NS)
		return 1;
	log_debug("%s %s: %s; again in %llu ms", t->method, t->current_url,
		  t->call.result < 0 ? t->call.err.msg : "it is busy",
		  (unsigned long long)(pause / 1000000));
	/* A redirection may have led to an address that is good for one time only. */
	free(t->current_url);
	t->current_url = xstrdup(t->url);
	t->redirects = t->rounds = 0;
	t->due_ns = now_mono_ns() + pause;
	return 0;
}

/* 307 and 308 keep the method and the body; the others change both into a GET for most clients. */
static bool is_redirect(const struct transfer *t)
{
	int status = t->call.response.status;
	bool reads = streq(t->method, "GET") || streq(t->method, "HEAD");

	return t->call.response.location &&
	       (status == 307 || status == 308 ||
		(reads && (status == 301 || status == 302 || status == 303)));
}

static int redirect(struct transfer *t)
{
	char *to = NULL;
	int rc = url_join(t->current_url, t->call.response.location, &to, &t->err);

	if (rc == 0 && url_is_secure(t->current_url) && !url_is_secure(to))
		rc = err_set(&t->err, EBADMSG, "%s redirects to plain HTTP", t->current_url);
	if (rc == 0 && ++t->redirects > MAX_REDIRECTS)
		rc = err_set(&t->err, ELOOP, "%s redirects more than %d times", t->url,
			     MAX_REDIRECTS);
	if (rc < 0) {
		free(to);
		return fail(t, rc);
	}
	free(t->current_url);
	t->current_url = to;
	restart(t);
	return 0;
}

static int step_failed(struct transfer *t)
{
	if (t->call.broken && again(t) == 0)
		return 0;
	t->err = t->call.err;
	return fail(t, t->call.result);
}

static int step_done(struct transfer *t)
{
	struct http_response *r = &t->call.response;
	int rc;

	if (t->call.result < 0)
		return step_failed(t);
	if (r->status == 401 && url_same_origin(t->current_url, t->env->base)) {
		rc = auth_answer(t->env->auth, r, t->repository, t->scope, t->rounds++, &t->err);
		if (rc < 0)
			return fail(t, rc);
		restart(t);
		return 0;
	}
	if (is_redirect(t))
		return redirect(t);
	if (retry_status(r->status) && again(t) == 0)
		return 0;
	/* Not every server says how long a body is, so that its end may be a broken connection. */
	if (r->status >= 200 && r->status < 300 && t->complete && !t->complete(t->ctx)) {
		if (again(t) == 0)
			return 0;
		return fail(t, err_set(&t->err, EIO, "%s ends too early", t->url));
	}
	t->result = 0;
	return 1;
}

int transfer_step(struct transfer *t)
{
	if (t->due_ns) {
		if (now_mono_ns() < t->due_ns)
			return 0;
		restart(t);
		return 0;
	}
	return t->call.done ? step_done(t) : 0;
}

int transfer_patience_ms(const struct transfer *t)
{
	uint64_t now = now_mono_ns();

	if (!t->due_ns)
		return t->call.done ? 0 : IDLE_MS;
	return t->due_ns <= now ? 0 : (int)MIN((t->due_ns - now) / 1000000 + 1, (uint64_t)IDLE_MS);
}

int transfer_run(struct transfer *t, struct err *err)
{
	if (!t->begun)
		transfer_begin(t);
	while (!transfer_step(t))
		http_wait(t->env->http, transfer_patience_ms(t));
	if (t->result < 0 && err)
		*err = t->err;
	return t->result;
}

void transfer_release(struct transfer *t)
{
	if (t->begun)
		http_cancel(t->env->http, &t->call);
	http_call_release(&t->call);
	if (t->auth_line)
		explicit_bzero(t->auth_line, strlen(t->auth_line));
	free(t->auth_line);
	free(t->current_url);
	free(t->range);
	free(t->url);
}

/* Lines of a server's own would look like ours. */
static char *one_line(char *text)
{
	for (char *c = text; (c = strpbrk(c, "\r\n"));)
		*c = ' ';
	return text;
}

/* {"errors":[{"code":"DENIED","message":"..."}]}, or whatever else it sent: its first line. */
static char *error_text(const struct strbuf *body)
{
	_cleanup_json_ json_t *json = NULL;
	const char *text = strbuf_str(body), *code, *message;
	json_t *first;

	if (json_parse("the answer", text, body->len, &json, NULL) == 0) {
		first = json_array_get(json_object_get(json, "errors"), 0);
		code = json_string_value(json_object_get(first, "code"));
		message = json_string_value(json_object_get(first, "message"));
		if (code || message)
			return one_line(xasprintf("%.*s%s%.*s", MAX_ERROR_TEXT, code ? code : "",
						  code && message ? ": " : "", MAX_ERROR_TEXT,
						  message ? message : ""));
	}
	text += strspn(text, " \t\r\n");
	return xstrndup(text, MIN(strcspn(text, "\r\n"), (size_t)MAX_ERROR_TEXT));
}

static const char *status_text(int status)
{
	switch (status) {
	case 400:
		return "it does not understand the request";
	case 401:
	case 403:
		return "it denies access";
	case 404:
		return "it has no such thing";
	case 405:
		return "it does not allow this";
	case 413:
		return "it takes nothing as large";
	case 429:
		return "it was asked too often";
	}
	return status >= 500 ? "it has a fault" : "it answers unexpectedly";
}

static int status_code(int status)
{
	return status == 404			? ENOENT
	       : status == 401 || status == 403 ? EACCES
	       : status == 429			? EBUSY
						: EIO;
}

int transfer_refused(const struct transfer *t, const char *what, struct err *err)
{
	const struct http_response *r = &t->call.response;
	_cleanup_free_ char *text = error_text(&r->body);

	err_exit(err, EXIT_REGISTRY);
	if (r->status == 429)
		err_hint(err, "wait, or log in: known users may ask more often");
	else if (r->status == 400 && (strcasestr(text, "HTTPS server") ||
				      (!*text && has_prefix(t->env->base, "http:"))))
		err_hint(err, "if it speaks TLS: --ca-file FILE names its authority");
	return err_set(err, status_code(r->status), "%s: %s (status %d%s%s)", what,
		       status_text(r->status), r->status, *text ? ", " : "", text);
}
