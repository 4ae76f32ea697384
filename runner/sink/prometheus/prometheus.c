// SPDX-License-Identifier: Apache-2.0
/*
 * Metrics over HTTP for whoever comes to fetch them. One thread of the HTTP library serves all
 * connections; a response is made in pieces as the socket takes them, so that neither a slow
 * reader nor many series cost memory, and the collector waits for a block of rows at most.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/sink/prometheus/label_cache.h"
#include "base/listen.h"
#include "runner/sink/web/mhd.h"
#include "runner/sink/prometheus/negotiate.h"
#include "runner/sink/prometheus/scrape_body.h"
#include "runner/sink/own_figures.h"
#include "runner/sink/text.h"
#include "runner/sink/web/waiting.h"
#include "runner/sink/web/web_guard.h"

#define CONNECTION_TIMEOUT_S 15u
#define REQUEST_MEMORY_BYTES (16u << 10)
#define CHUNK_BYTES (32u << 10)
#define PAGE_MAX_BYTES (1u << 20)
#define HEADER_MAX_BYTES REQUEST_MEMORY_BYTES
#define ACCESS_REALM "bombus"
#define CACHE_MAX_BYTES (64u << 20) /* of the texts of labels */

struct prometheus_sink {
	struct sink sink;
	char *listen;
	struct naming naming;
	uint16_t port;
	int listen_fd; /* until the daemon has it; -1 */
	struct sink_env env;
	struct mhd mhd;
	struct MHD_Daemon *daemon;
	char *web_path;
	struct web_guard *guard;
	struct waiting *waiting;
	/* Of the daemon's thread. */
	struct sink_names names;
	struct label_cache *cache;
	struct packers *packers;
	struct scrape_totals totals;
	struct figures *figures; /* borrowed */
};

/* A path of the server: all of them are answered to GET and HEAD. */
struct page {
	const char *path;
	enum MHD_Result (*answer)(struct prometheus_sink *prom, struct MHD_Connection *connection,
				  bool head);
};

static struct prometheus_sink *prometheus_of(const struct sink *sink)
{
	return container_of(sink, struct prometheus_sink, sink);
}

static enum MHD_Result send_response(struct prometheus_sink *prom,
				     struct MHD_Connection *connection, unsigned status,
				     const char *content_type, struct MHD_Response *response)
{
	const struct web_config *web = web_guard_config(prom->guard);
	enum MHD_Result ret;

	if (!response)
		return MHD_NO;
	prom->mhd.add_header(response, "Content-Type", content_type);
	prom->mhd.add_header(response, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		prom->mhd.add_header(response, "Allow", "GET, HEAD");
	if (status == MHD_HTTP_UNAUTHORIZED)
		prom->mhd.add_header(response, "WWW-Authenticate",
				     "Basic realm=\"" ACCESS_REALM "\", charset=\"UTF-8\"");
	for (size_t i = 0; i < web->nheaders; i++)
		prom->mhd.add_header(response, web->headers[i].name, web->headers[i].value);
	ret = prom->mhd.queue_response(connection, status, response);
	prom->mhd.destroy_response(response);
	return ret;
}

static enum MHD_Result send_text(struct prometheus_sink *prom, struct MHD_Connection *connection,
				 unsigned status, const char *text)
{
	return send_response(
		prom, connection, status, "text/plain; charset=utf-8",
		prom->mhd.response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY));
}

static ssize_t read_metrics(void *ctx, uint64_t pos, char *dst, size_t max)
{
	ssize_t n = scrape_body_read(ctx, dst, max);

	if (n > 0)
		return n;
	return n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_metrics(void *ctx)
{
	scrape_body_free(ctx);
}

/* All headers of one name, as one list. */
struct header {
	const char *name;
	struct strbuf value;
};

static enum MHD_Result add_header(void *ctx, enum MHD_ValueKind kind, const char *name,
				  const char *value)
{
	struct header *header = ctx;

	if (!value || strcasecmp(name, header->name) != 0)
		return MHD_YES;
	if (header->value.len)
		strbuf_addc(&header->value, ',');
	strbuf_adds(&header->value, value);
	return MHD_YES;
}

/* NULL: it is not there; malloc'ed. */
static char *header_of(struct prometheus_sink *prom, struct MHD_Connection *connection,
		       const char *name)
{
	struct header header = { name, STRBUF_INIT(HEADER_MAX_BYTES) };

	prom->mhd.get_values(connection, MHD_HEADER_KIND, add_header, &header);
	if (header.value.len)
		return strbuf_steal(&header.value);
	strbuf_release(&header.value);
	return NULL;
}

/* How long the scraper waits, as it says. 0: it does not. */
static uint64_t scrape_timeout_ns(struct prometheus_sink *prom, struct MHD_Connection *connection)
{
	_cleanup_free_ char *text =
		header_of(prom, connection, "X-Prometheus-Scrape-Timeout-Seconds");
	double seconds;

	if (!text || parse_double(text, &seconds) < 0 || !(seconds > 0) || seconds > 1e6)
		return 0;
	return (uint64_t)(seconds * 1e9);
}

static enum MHD_Result answer_metrics(struct prometheus_sink *prom,
				      struct MHD_Connection *connection, bool head)
{
	_cleanup_free_ char *accept = header_of(prom, connection, "Accept");
	_cleanup_free_ char *encoding = header_of(prom, connection, "Accept-Encoding");
	enum pack_form form = negotiate_coding(encoding, packers_has_zstd(prom->packers));
	struct packer *packer = head ? NULL : packer_new(prom->packers, form);
	struct scrape_opts opts = {
		.env = &prom->env,
		.format = negotiate_format(accept, naming_has_total(&prom->naming)),
		.naming = &prom->naming,
		.resolver = sink_names_get(&prom->names),
		.cache = prom->cache,
		.figures = prom->figures,
	};
	struct scrape_body *body = scrape_body_new(&opts, head ? NULL : &prom->totals, packer,
						   scrape_timeout_ns(prom, connection));
	struct MHD_Response *response = prom->mhd.response_from_callback(
		MHD_SIZE_UNKNOWN, CHUNK_BYTES, read_metrics, body, free_metrics);

	if (!response) {
		scrape_body_free(body);
		return MHD_NO;
	}
	if (packer)
		prom->mhd.add_header(response, "Content-Encoding", pack_form_name(form));
	prom->mhd.add_header(response, "Vary", "Accept, Accept-Encoding");
	return send_response(prom, connection, MHD_HTTP_OK, opts.format->content_type, response);
}

static enum MHD_Result answer_healthy(struct prometheus_sink *prom,
				      struct MHD_Connection *connection, bool head)
{
	return send_text(prom, connection, MHD_HTTP_OK, "bombus is healthy.\n");
}

/* Everything that is to run is attached. */
static bool is_ready(const struct prometheus_sink *prom)
{
	bool attached = false, waiting = false;

	for (uint32_t i = 0; i < prom->env.plan->nprogs; i++) {
		uint8_t state = __atomic_load_n(&prom->env.plan->progs[i].state, __ATOMIC_RELAXED);

		if (state == PROG_WANTED || state == PROG_DETACHED)
			return false;
		attached |= state == PROG_ATTACHED;
		waiting |= state == PROG_LOADED;
	}
	return attached || !waiting;
}

static enum MHD_Result answer_ready(struct prometheus_sink *prom, struct MHD_Connection *connection,
				    bool head)
{
	if (is_ready(prom))
		return send_text(prom, connection, MHD_HTTP_OK, "bombus is ready.\n");
	return send_text(prom, connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			 "not ready: a program is not attached\n");
}

static void add_html(struct strbuf *sb, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			strbuf_adds(sb, "&lt;");
		else if (*text == '>')
			strbuf_adds(sb, "&gt;");
		else if (*text == '&')
			strbuf_adds(sb, "&amp;");
		else
			strbuf_addc(sb, *text);
	}
}

static void add_map_row(struct strbuf *sb, const struct map_plan *map)
{
	strbuf_adds(sb, "<tr><td>");
	add_html(sb, map->name);
	strbuf_addf(sb, "</td><td>%s</td><td>", map_role_name(map->role));
	add_html(sb, map->help ? map->help : "");
	strbuf_adds(sb, "</td></tr>\n");
}

static enum MHD_Result answer_landing(struct prometheus_sink *prom,
				      struct MHD_Connection *connection, bool head)
{
	static const char top[] =
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
		"charset=\"utf-8\"><title>bombus</title>"
		"<style>body{font-family:sans-serif;margin:2em}td,th{text-align:left;"
		"padding-right:2em}</style></head><body>\n<h1>bombus</h1>\n";
	static const char links[] =
		"<p><a href=\"metrics\">metrics</a> &middot; <a href=\"-/ready\">ready</a> "
		"&middot; "
		"<a href=\"-/healthy\">healthy</a></p>\n<table><tr><th>Map</th><th>Shown as</th>"
		"<th></th></tr>\n";
	struct strbuf sb = STRBUF_INIT(PAGE_MAX_BYTES);
	const struct plan *plan = prom->env.plan;
	enum MHD_Result ret;

	strbuf_adds(&sb, top);
	strbuf_adds(&sb, "<p>Program: <b>");
	add_html(&sb, prom->env.program ? prom->env.program : "");
	strbuf_adds(&sb, "</b>, bombus " BOMBUS_VERSION "</p>\n");
	strbuf_adds(&sb, links);
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (map_has_records(&plan->maps[i]) || map_has_series(&plan->maps[i]))
			add_map_row(&sb, &plan->maps[i]);
	}
	strbuf_adds(&sb, "</table>\n</body></html>\n");
	ret = send_response(prom, connection, MHD_HTTP_OK, "text/html; charset=utf-8",
			    prom->mhd.response_from_buffer(sb.len, sb.buf, MHD_RESPMEM_MUST_COPY));
	strbuf_release(&sb);
	return ret;
}

static const struct page pages[] = {
	{ "/", answer_landing },
	{ "/metrics", answer_metrics },
	{ "/-/healthy", answer_healthy },
	{ "/-/ready", answer_ready },
};

static int socket_of(struct prometheus_sink *prom, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		prom->mhd.get_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **state,
			  enum MHD_ConnectionNotificationCode code)
{
	struct prometheus_sink *prom = ctx;
	const union MHD_ConnectionInfo *info = NULL;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		waiting_end(prom->waiting, socket_of(prom, connection));
		web_guard_end(prom->guard, *state);
		return;
	}
	waiting_begin(prom->waiting, socket_of(prom, connection), now_mono_ns());
	if (web_guard_config(prom->guard)->tls)
		info = prom->mhd.get_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	*state = web_guard_begin(prom->guard, info ? info->tls_session : NULL);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct prometheus_sink *prom = ctx;

	waiting_begin(prom->waiting, socket_of(prom, connection), now_mono_ns());
}

static bool has_password(struct prometheus_sink *prom, struct MHD_Connection *connection)
{
	char *user, *password = NULL;
	bool ok;

	if (!web_guard_config(prom->guard)->nusers)
		return true;
	user = prom->mhd.get_user(connection, &password);
	ok = web_guard_password(prom->guard, user, password);
	if (password)
		explicit_bzero(password, strlen(password));
	prom->mhd.free(user);
	prom->mhd.free(password);
	return ok;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **state)
{
	struct prometheus_sink *prom = ctx;
	bool head = streq(method, MHD_HTTP_METHOD_HEAD);

	/* First called when the headers are there, then for what is uploaded, then to answer. */
	if (!*state) {
		*state = prom;
		return MHD_YES;
	}
	if (*upload_len) {
		*upload_len = 0;
		return MHD_YES;
	}
	waiting_end(prom->waiting, socket_of(prom, connection));
	if (!has_password(prom, connection))
		return send_text(prom, connection, MHD_HTTP_UNAUTHORIZED, "who are you?\n");
	if (!streq(method, MHD_HTTP_METHOD_GET) && !head)
		return send_text(prom, connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				 "only GET and HEAD are understood\n");
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (streq(url, pages[i].path))
			return pages[i].answer(prom, connection, head);
	}
	return send_text(prom, connection, MHD_HTTP_NOT_FOUND,
			 "nothing is here; metrics are at /metrics\n");
}

static void on_log(void *ctx, const char *fmt, va_list ap)
{
	log_vmsg(LOG_DEBUG, fmt, ap);
}

/* What TLS adds; ends the list at once where there is none. It cannot begin without; what counts is
 * said to each session. */
static void tls_options(const struct web_config *web, struct MHD_OptionItem ret[4])
{
	const struct MHD_OptionItem items[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)web->cert_pem },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)web->key_pem },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)web->priorities },
		{ MHD_OPTION_END, 0, NULL },
	};

	memcpy(ret, items, sizeof(items));
	if (!web->tls)
		ret[0] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
}

static int prometheus_start(struct sink *sink, struct err *err)
{
	struct prometheus_sink *prom = prometheus_of(sink);
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ERROR_LOG;
	const struct web_config *web = web_guard_config(prom->guard);
	struct MHD_OptionItem tls[4];
	sigset_t all, before;

	tls_options(web, tls);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* its thread gets none */
	prom->daemon = prom->mhd.start_daemon(
		flags | (web->tls ? MHD_USE_TLS : 0), 0, NULL, NULL, on_request, prom,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, prom->listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, WAITING_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)REQUEST_MEMORY_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, prom,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, prom, MHD_OPTION_ARRAY, tls,
		MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (prom->daemon) {
		prom->listen_fd = -1; /* is the daemon's */
		return 0;
	}
	return err_set(err, EIO, "cannot serve metrics on %s: the HTTP server did not start",
		       prom->listen);
}

static int open_web(struct prometheus_sink *prom, struct err *err)
{
	int ret = mhd_load(&prom->mhd, err);

	if (ret == 0)
		ret = web_guard_new(&prom->guard, prom->web_path, err);
	if (ret < 0)
		return ret;
	if (web_guard_config(prom->guard)->tls && prom->mhd.has_feature(MHD_FEATURE_SSL) != MHD_YES)
		return err_set(err, ENOTSUP, "this libmicrohttpd has no TLS");
	return 0;
}

static int prometheus_open(struct sink *sink, const struct sink_env *env, struct err *err)
{
	struct prometheus_sink *prom = prometheus_of(sink);
	int ret, fd;

	prom->env = *env;
	ret = open_web(prom, err);
	if (ret < 0)
		return ret;
	fd = listen_tcp(prom->listen, &prom->port, err);
	if (fd < 0)
		return fd;
	own_figures_add(prom->figures, &prom->env);
	sink_names_init(&prom->names, &prom->env);
	prom->cache = label_cache_new(env->plan->nmaps,
				      collector_set_aside(env->collector, CACHE_MAX_BYTES));
	prom->packers = packers_new(true);
	prom->listen_fd = fd;
	return 0;
}

static void prometheus_tick(struct sink *sink)
{
	waiting_tick(prometheus_of(sink)->waiting, now_mono_ns());
}

static void prometheus_close(struct sink *sink)
{
	struct prometheus_sink *prom = prometheus_of(sink);

	if (prom->daemon)
		prom->mhd.stop_daemon(prom->daemon);
	prom->daemon = NULL;
}

static void prometheus_free(struct sink *sink)
{
	struct prometheus_sink *prom = prometheus_of(sink);

	prometheus_close(sink);
	own_figures_remove(prom->figures, &prom->env);
	figures_remove(prom->figures, &prom->totals);
	close_fd(&prom->listen_fd);
	sink_names_release(&prom->names);
	label_cache_free(prom->cache);
	packers_free(prom->packers);
	web_guard_free(prom->guard);
	waiting_free(prom->waiting);
	free(prom->web_path);
	free(prom->listen);
	free(prom);
}

uint16_t sink_prometheus_port(const struct sink *sink)
{
	return prometheus_of(sink)->port;
}

static const struct sink_ops prometheus_ops = {
	.name = "prometheus",
	.open = prometheus_open,
	.start = prometheus_start,
	.tick = prometheus_tick,
	.close = prometheus_close,
	.free = prometheus_free,
};

struct sink *sink_prometheus_new(const struct prometheus_opts *opts)
{
	struct prometheus_sink *prom = xcalloc(1, sizeof(*prom));

	prom->waiting = waiting_new();
	prom->sink.ops = &prometheus_ops;
	prom->listen_fd = -1;
	prom->listen = xstrdup(opts->listen);
	prom->naming = opts->naming;
	prom->figures = opts->figures;
	figures_add(prom->figures, &scrape_figures, &prom->totals);
	prom->web_path = opts->web_config ? xstrdup(opts->web_config) : NULL;
	return &prom->sink;
}
