// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <zlib.h>
#include "base/clock.h"
#include "base/net/http.h"
#include "base/log.h"
#include "base/net/retry.h"
#include "base/thread.h"
#include "base/url.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_reply.h"
#include "runner/sink/otlp/otlp_send.h"

#define GZIP_LEVEL 1
#define GZIP_WINDOW (15 + 16) /* with gzip's head and tail */
#define GZIP_MEMORY 8
#define REPLY_MAX_BYTES (64u << 10)
/* How soon the end is noticed while a receiver says nothing. */
#define LOOK_MS 100
#define REDIRECTS_MAX 3
#define COMPLAIN_NS (60 * 1000000000ull)

struct otlp_sender {
	struct otlp_sender_opts opts;
	struct http *http;
	char *url; /* where requests go: the target's, or where that one moved to for good */
	struct strbuf packed; /* the request compressed */
	z_stream z;
	pthread_t thread;
	bool started, failing, filled_last;
	uint64_t next_fill_ns;
	uint64_t complained_ns; /* 0: never */
	_Atomic uint64_t deadline_ns;
};

/* --- one request ----------------------------------------------------------------------------- */

static void put_prefix(struct strbuf *body, bool packed)
{
	uint32_t len = (uint32_t)(body->len - OTLP_GRPC_PREFIX);

	body->buf[0] = (char)packed;
	for (int i = 0; i < 4; i++)
		body->buf[1 + i] = (char)(len >> (24 - 8 * i));
}

/* Into sender->packed, which has room for the worst case. */
static void pack(struct otlp_sender *sender, const struct strbuf *body, size_t prefix)
{
	struct strbuf *packed = &sender->packed;
	uLong room;
	char *dst;

	deflateReset(&sender->z);
	room = deflateBound(&sender->z, body->len - prefix);
	strbuf_reset(packed);
	dst = strbuf_reserve(packed, prefix + room);
	sender->z.next_in = (Bytef *)body->buf + prefix;
	sender->z.avail_in = (uInt)(body->len - prefix);
	sender->z.next_out = (Bytef *)dst + prefix;
	sender->z.avail_out = (uInt)room;
	deflate(&sender->z, Z_FINISH);
	strbuf_advance(packed, prefix + room - sender->z.avail_out);
}

static const struct strbuf *prepare(struct otlp_sender *sender, struct strbuf *body)
{
	const struct otlp_target *target = sender->opts.target;
	size_t prefix = target->protocol == OTLP_GRPC ? OTLP_GRPC_PREFIX : 0;

	if (target->gzip)
		pack(sender, body, prefix);
	body = target->gzip ? &sender->packed : body;
	if (prefix)
		put_prefix(body, target->gzip);
	return body;
}

/* The headers that are configured may be secrets: they are for the target's origin alone. */
static void add_headers(struct http_call *call, const struct otlp_target *target)
{
	static const char *const types[] = {
		[OTLP_HTTP_PROTOBUF] = "Content-Type: application/x-protobuf",
		[OTLP_HTTP_JSON] = "Content-Type: application/json",
		[OTLP_GRPC] = "Content-Type: application/grpc",
	};
	bool is_grpc = target->protocol == OTLP_GRPC;

	call->headers[call->nheaders++] = types[target->protocol];
	if (is_grpc)
		call->headers[call->nheaders++] = "TE: trailers";
	if (target->gzip)
		call->headers[call->nheaders++] =
			is_grpc ? "grpc-encoding: gzip" : "Content-Encoding: gzip";
	if (url_same_origin(call->url, target->url)) {
		call->more_headers = target->headers;
		call->nmore_headers = target->nheaders;
	}
	call->http2 = is_grpc;
}

static bool is_late(struct otlp_sender *sender)
{
	uint64_t deadline_ns = atomic_load(&sender->deadline_ns);

	return deadline_ns && now_mono_ns() >= deadline_ns;
}

static void try_once(struct otlp_sender *sender, const char *url, const struct strbuf *body,
		     struct otlp_reply *ret)
{
	const struct otlp_target *target = sender->opts.target;
	struct http_call call = {
		.method = "POST",
		.url = url,
		.body = body->buf,
		.body_bytes = body->len,
		.body_fd = -1,
		.max_body = REPLY_MAX_BYTES,
		/* Its status counts all the same: sending again would be sending twice. */
		.cut_body = true,
		.timeout_ms = target->timeout_ms,
	};

	http_call_reset(&call);
	add_headers(&call, target);
	http_start(sender->http, &call);
	while (!call.done && !is_late(sender))
		http_wait(sender->http, LOOK_MS);
	if (!call.done) {
		http_cancel(sender->http, &call);
		call.result = err_set(&call.err, ETIMEDOUT, "no answer before the end");
	}
	otlp_reply_read(ret, &call, target->protocol);
	http_call_release(&call);
}

/* Where an answer sends the request; NULL: it is not followed. */
static char *follow(const char *url, const struct otlp_reply *reply)
{
	char *to = NULL;

	if (url_join(url, reply->location, &to, NULL) < 0)
		return NULL;
	if (url_is_secure(url) && !url_is_secure(to)) {
		free(to);
		return NULL;
	}
	return to;
}

/* As try_once(), and again at each address that the receiver names. */
static void try_all(struct otlp_sender *sender, const struct strbuf *body, struct otlp_reply *ret)
{
	_cleanup_free_ char *url = xstrdup(sender->url);
	bool for_good = true;

	for (int hops = 0; hops <= REDIRECTS_MAX; hops++) {
		char *to;

		try_once(sender, url, body, ret);
		if (ret->verdict != OTLP_MOVED)
			break;
		to = follow(url, ret);
		if (!to)
			break;
		for_good &= ret->for_good;
		free(url);
		url = to;
	}
	if (ret->verdict == OTLP_MOVED)
		ret->verdict = OTLP_REJECTED;
	/* After a failure the next request goes to the configured address. */
	free(sender->url);
	sender->url =
		xstrdup(for_good && ret->verdict == OTLP_SENT ? url : sender->opts.target->url);
}

/* --- the log ------------------------------------------------------------------------------- */

static void complain(struct otlp_sender *sender, const char *what, const char *message)
{
	uint64_t now_ns = now_mono_ns();

	if (sender->complained_ns && now_ns - sender->complained_ns < COMPLAIN_NS)
		return;
	sender->complained_ns = now_ns;
	log_warn("OTLP %s to %.*s: %s%s%s", otlp_signal_name(sender->opts.signal),
		 (int)strcspn(sender->opts.target->url, "?"), sender->opts.target->url, what,
		 message[0] ? ": " : "", message);
}

static void note_success(struct otlp_sender *sender)
{
	if (sender->failing)
		log_info("OTLP %s: the receiver answers again",
			 otlp_signal_name(sender->opts.signal));
	sender->failing = false;
}

/* --- the thread ------------------------------------------------------------------------------ */

/* False: the request is gone, and accounted for. */
static bool pause_and_go_on(struct otlp_sender *sender, const struct otlp_reply *reply,
			    uint64_t first_ns, unsigned tries)
{
	uint64_t give_up_ns = sender->opts.give_up_ns, now_ns = now_mono_ns();
	uint64_t pause_ns =
		retry_pause_ns(tries, reply->wait[0] ? reply->wait : NULL, now_real_ns());
	uint64_t until_ns = pause_ns < UINT64_MAX - now_ns ? now_ns + pause_ns : UINT64_MAX;
	uint64_t deadline_ns;

	if (give_up_ns && now_ns - first_ns >= give_up_ns) {
		otlp_queue_done(sender->opts.queue, 0, OTLP_DROP_TIMEOUT);
		return false;
	}
	if (give_up_ns)
		until_ns = MIN(until_ns, first_ns + give_up_ns);
	deadline_ns = atomic_load(&sender->deadline_ns);
	if (deadline_ns)
		until_ns = MIN(until_ns, deadline_ns);
	return otlp_queue_park(sender->opts.queue, until_ns);
}

static void deliver(struct otlp_sender *sender, struct otlp_request *request)
{
	struct otlp_queue *queue = sender->opts.queue;
	const struct strbuf *body = prepare(sender, &request->body);
	uint64_t first_ns = now_mono_ns();
	struct otlp_reply reply;

	for (unsigned tries = 1; !is_late(sender); tries++) {
		try_all(sender, body, &reply);
		switch (reply.verdict) {
		case OTLP_SENT:
			note_success(sender);
			if (reply.rejected)
				complain(sender, "a part was not accepted", reply.message);
			otlp_queue_done(queue, request->items - MIN(request->items, reply.rejected),
					OTLP_DROP_PARTIAL);
			return;
		case OTLP_TOO_LARGE:
			complain(sender, "too large: smaller requests are sent", reply.message);
			otlp_queue_split(queue);
			return;
		case OTLP_UNSUPPORTED:
			if (request->is_own) {
				log_debug("OTLP %s: the receiver does not take them: %s",
					  otlp_signal_name(sender->opts.signal), reply.message);
				otlp_queue_done(queue, 0, OTLP_DROP_UNSUPPORTED);
				return;
			}
			/* fall through */
		case OTLP_MOVED:
		case OTLP_REJECTED:
			complain(sender, "not accepted", reply.message);
			otlp_queue_done(queue, 0, OTLP_DROP_REJECTED);
			return;
		case OTLP_AGAIN:
			complain(sender, "trying again", reply.message);
			sender->failing = true;
			if (!pause_and_go_on(sender, &reply, first_ns, tries))
				return;
		}
	}
	otlp_queue_abandon(queue);
}

static void fill(struct otlp_sender *sender)
{
	uint64_t now_ns = now_mono_ns();

	sender->opts.fill(sender->opts.ctx);
	while (sender->next_fill_ns <= now_ns)
		sender->next_fill_ns += sender->opts.interval_ns;
}

static void *sender_main(void *arg)
{
	struct otlp_sender *sender = arg;
	struct otlp_request *request;

	for (;;) {
		switch (otlp_queue_wait(sender->opts.queue, sender->next_fill_ns, &request)) {
		case OTLP_WAIT_REQUEST:
			deliver(sender, request);
			break;
		case OTLP_WAIT_TIME:
			fill(sender);
			break;
		case OTLP_WAIT_END:
			if (!sender->opts.fill || sender->filled_last)
				return NULL;
			sender->filled_last = true;
			fill(sender);
		}
	}
}

int otlp_sender_start(struct otlp_sender *sender, struct err *err)
{
	_cleanup_free_ char *name = xasprintf("otlp-%s", otlp_signal_name(sender->opts.signal));
	int ret;

	if (sender->opts.fill)
		sender->next_fill_ns = now_mono_ns() + sender->opts.interval_ns;
	ret = thread_start(&sender->thread, name, sender_main, sender, err);
	sender->started = ret == 0;
	return ret;
}

/* A file that cannot be read would fail each request. */
static int check_files(const struct otlp_target *target, struct err *err)
{
	const struct {
		const char *path, *variable;
	} files[] = { { target->ca_file, "CERTIFICATE" },
		      { target->cert_file, "CLIENT_CERTIFICATE" },
		      { target->key_file, "CLIENT_KEY" } };

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct stat st;
		int code = 0;

		if (!files[i].path)
			continue;
		if (may_access(files[i].path, R_OK) < 0 || stat(files[i].path, &st) < 0)
			code = errno;
		else if (S_ISDIR(st.st_mode))
			code = EISDIR;
		if (code)
			return err_sys(err, code, "OTEL_EXPORTER_OTLP_%s: %s", files[i].variable,
				       files[i].path);
	}
	return 0;
}

int otlp_sender_new(struct otlp_sender **ret, const struct otlp_sender_opts *opts, struct err *err)
{
	const struct http_opts http_opts = {
		.ca_file = opts->target->ca_file,
		.cert_file = opts->target->cert_file,
		.key_file = opts->target->key_file,
		.purpose = "cannot send OTLP",
	};
	struct otlp_sender *sender = xcalloc(1, sizeof(*sender));
	int code = check_files(opts->target, err);

	sender->opts = *opts;
	sender->url = xstrdup(opts->target->url);
	sender->next_fill_ns = UINT64_MAX;
	strbuf_init(&sender->packed, SIZE_MAX - 1);
	if (code >= 0)
		code = http_new(&sender->http, &http_opts, err);
	if (code >= 0 && opts->target->gzip &&
	    deflateInit2(&sender->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		code = err_set(err, ENOMEM, "zlib cannot be initialized");
	if (code < 0) {
		otlp_sender_free(sender);
		return code;
	}
	*ret = sender;
	return 0;
}

void otlp_sender_finish(struct otlp_sender *sender, uint64_t deadline_ns)
{
	atomic_store(&sender->deadline_ns, deadline_ns);
	otlp_queue_close(sender->opts.queue);
}

void otlp_sender_wait(struct otlp_sender *sender)
{
	if (sender->started)
		pthread_join(sender->thread, NULL);
	sender->started = false;
}

void otlp_sender_free(struct otlp_sender *sender)
{
	if (!sender)
		return;
	http_free(sender->http);
	free(sender->url);
	deflateEnd(&sender->z);
	strbuf_release(&sender->packed);
	free(sender);
}
