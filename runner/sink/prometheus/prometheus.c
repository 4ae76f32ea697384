// SPDX-License-Identifier: Apache-2.0
/*
 * Metrics for Prometheus: the pages of an HTTP server. A response is made in pieces as the socket
 * takes them, so that neither a slow reader nor many series cost memory, and the collector waits
 * for a block of rows at most.
 */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>
#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/sink/exporter.h"
#include "runner/sink/compat_figures.h"
#include "runner/sink/live/live.h"
#include "runner/sink/own_figures.h"
#include "runner/sink/prometheus/catalogue.h"
#include "runner/sink/prometheus/negotiate.h"
#include "runner/sink/prometheus/scrape_body.h"
#include "runner/sink/text.h"
#include "runner/sink/web/web_server.h"

#define PAGE_MAX_BYTES (1u << 20)
#define REFRESH_NS 500000000	    /* at most so long does a scrape wait for a sweep */
#define CACHE_MAX_BYTES (64u << 20) /* of the texts of labels */
#define WHY_MAX 512
#define PAGES_MAX 32
#define DRAIN_MS 200   /* a successor waits so long for requests under way */
#define CACHE_SHARES 4 /* where there are several sources */

struct prometheus_sink {
	struct sink sink;
	struct sink_ops ops; /* the sink's: with the page for browsers it takes records and rows */
	struct live *live;   /* that page; NULL: none */
	char *listen, *web_config;
	const struct prometheus_hooks *hooks; /* NULL: none */
	bool has_reload;
	int listen_fd;
	struct naming naming;
	struct web_server *server;
	struct web_page pages[PAGES_MAX];
	struct figures *figures; /* borrowed */
	/* Around all that scrapes see of the sources, which come and go in another thread. */
	pthread_mutex_t lock;
	struct scrape_source **sources;
	size_t nsources;
	struct catalogue *catalogue;
	/* Of the server's thread. */
	struct packers *packers;
	struct scrape_totals totals;
};

static struct prometheus_sink *prometheus_of(const struct sink *sink)
{
	return container_of(sink, struct prometheus_sink, sink);
}

/* --- pages ------------------------------------------------------------------------------------ */

/* The time that the scraper waits, in X-Prometheus-Scrape-Timeout-Seconds; 0: unknown. */
static uint64_t scrape_timeout_ns(struct web_request *request)
{
	_cleanup_free_ char *text =
		web_request_header(request, "X-Prometheus-Scrape-Timeout-Seconds");
	double seconds;

	if (!text || parse_double(text, &seconds) < 0 || !(seconds > 0) || seconds > 1e6)
		return 0;
	return (uint64_t)(seconds * 1e9);
}

/* The maps as they are now, where only scrapes read them; a huge one has no time to be read. With
 * the lock. */
static void refresh(struct prometheus_sink *prom, uint64_t timeout_ns)
{
	uint64_t within_ns = timeout_ns ? MIN(timeout_ns / 2, (uint64_t)REFRESH_NS) : REFRESH_NS;

	for (size_t i = 0; i < prom->nsources; i++) {
		struct source *source = prom->sources[i]->source;

		if (source->ops->refresh)
			source->ops->refresh(source, within_ns / prom->nsources);
	}
}

/* One response, under way. */
struct answer {
	struct prometheus_sink *prom;
	struct scrape_body *body;
};

static ssize_t read_metrics(void *ctx, char *dst, size_t max)
{
	struct answer *answer = ctx;
	ssize_t n;

	pthread_mutex_lock(&answer->prom->lock);
	n = scrape_body_read(answer->body, dst, max);
	pthread_mutex_unlock(&answer->prom->lock);
	return n;
}

static void release_metrics(void *ctx)
{
	struct answer *answer = ctx;

	pthread_mutex_lock(&answer->prom->lock);
	scrape_body_free(answer->body);
	pthread_mutex_unlock(&answer->prom->lock);
	free(answer);
}

static int answer_metrics(void *ctx, struct web_request *request)
{
	struct prometheus_sink *prom = ctx;
	bool head = web_request_is_head(request);
	_cleanup_free_ char *accept = web_request_header(request, "Accept");
	_cleanup_free_ char *encoding = web_request_header(request, "Accept-Encoding");
	enum pack_form form = negotiate_coding(encoding, packers_has_zstd(prom->packers));
	struct packer *packer = head ? NULL : packer_new(prom->packers, form);
	struct scrape_opts opts = {
		.format = negotiate_format(accept, naming_has_total(&prom->naming)),
		.naming = &prom->naming,
		.figures = prom->figures,
	};
	const char *const headers[] = { "Vary", "Accept, Accept-Encoding",
					packer ? "Content-Encoding" : NULL, pack_form_name(form),
					NULL };
	uint64_t timeout_ns = scrape_timeout_ns(request);
	struct answer *answer = xcalloc(1, sizeof(*answer));
	const struct web_stream stream = { read_metrics, release_metrics, answer };

	answer->prom = prom;
	pthread_mutex_lock(&prom->lock);
	opts.catalogue = prom->catalogue;
	answer->body = scrape_body_new(&opts, head ? NULL : &prom->totals, packer, timeout_ns);
	if (!head)
		refresh(prom, timeout_ns);
	pthread_mutex_unlock(&prom->lock);
	return web_send_stream(request, opts.format->content_type, headers, &stream);
}

static int answer_healthy(void *ctx, struct web_request *request)
{
	return web_send_text(request, 200, "bombus is healthy.\n");
}

/* Everything that is to run is attached. */
static bool is_attached(struct source *source)
{
	bool attached = false, loaded = false;

	for (uint32_t i = 0; i < source->plan->nprogs; i++) {
		uint8_t state = source_prog_status(source, &source->plan->progs[i]).state;

		if (state == PROG_WANTED || state == PROG_DETACHED)
			return false;
		attached |= state == PROG_ATTACHED;
		loaded |= state == PROG_LOADED;
	}
	return attached || !loaded;
}

static bool is_ready(struct prometheus_sink *prom)
{
	bool ready = true;

	pthread_mutex_lock(&prom->lock);
	for (size_t i = 0; i < prom->nsources && ready; i++)
		ready = is_attached(prom->sources[i]->source);
	pthread_mutex_unlock(&prom->lock);
	return ready;
}

static int answer_ready(void *ctx, struct web_request *request)
{
	const struct prometheus_hooks *hooks = ((struct prometheus_sink *)ctx)->hooks;
	char why[WHY_MAX] = "a program is not attached";
	_cleanup_free_ char *text = NULL;

	if (hooks ? hooks->ready(hooks->ctx, why, sizeof(why)) : is_ready(ctx))
		return web_send_text(request, 200, "bombus is ready.\n");
	text = xasprintf("not ready: %s\n", why);
	return web_send_text(request, 503, text);
}

static void add_map_row(struct strbuf *sb, const struct map_plan *map)
{
	strbuf_adds(sb, "<tr><td>");
	strbuf_add_html(sb, map->name);
	strbuf_addf(sb, "</td><td>%s</td><td>", map_role_name(map->role));
	strbuf_add_html(sb, map->help ? map->help : "");
	strbuf_adds(sb, "</td></tr>\n");
}

static void add_source(struct strbuf *sb, const struct source *source)
{
	const struct plan *plan = source->plan;

	strbuf_adds(sb, "<h2>");
	strbuf_add_html(sb, source->name);
	strbuf_adds(sb, "</h2>\n<table><tr><th>Map</th><th>Shown as</th><th></th></tr>\n");
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (map_has_records(&plan->maps[i]) || map_has_series(&plan->maps[i]))
			add_map_row(sb, &plan->maps[i]);
	strbuf_adds(sb, "</table>\n");
}

static int answer_landing(void *ctx, struct web_request *request)
{
	static const char top[] =
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
		"charset=\"utf-8\"><title>bombus</title>"
		"<style>body{font-family:sans-serif;margin:2em}td,th{text-align:left;"
		"padding-right:2em}</style></head><body>\n<h1>bombus " BOMBUS_VERSION "</h1>\n"
		"<p><a href=\"metrics\">metrics</a> &middot; <a href=\"-/ready\">ready</a> "
		"&middot; <a href=\"-/healthy\">healthy</a>";
	struct prometheus_sink *prom = ctx;
	struct strbuf sb = STRBUF_INIT(PAGE_MAX_BYTES);
	int ret;

	strbuf_adds(&sb, top);
	if (prom->live)
		strbuf_adds(&sb, " &middot; <a href=\"live\">live</a>");
	strbuf_adds(&sb, "</p>\n");
	if (prom->hooks)
		prom->hooks->landing(prom->hooks->ctx, &sb);
	pthread_mutex_lock(&prom->lock);
	for (size_t i = 0; i < prom->nsources && !prom->hooks; i++)
		add_source(&sb, prom->sources[i]->source);
	pthread_mutex_unlock(&prom->lock);
	strbuf_adds(&sb, "</body></html>\n");
	ret = web_send_bytes(request, 200, "text/html; charset=utf-8", NULL, sb.buf, sb.len);
	strbuf_release(&sb);
	return ret;
}

static int answer_reload(void *ctx, struct web_request *request)
{
	const struct prometheus_hooks *hooks = ((struct prometheus_sink *)ctx)->hooks;

	hooks->reload(hooks->ctx);
	return web_send_text(request, 202, "the configuration is read anew\n");
}

static size_t pages_of(struct prometheus_sink *prom, struct web_page ret[PAGES_MAX])
{
	const struct web_page pages[] = {
		{ "/", answer_landing, prom },
		{ "/metrics", answer_metrics, prom },
		{ "/-/healthy", answer_healthy, prom },
		{ "/-/ready", answer_ready, prom },
		{ "/-/reload", answer_reload, prom, .post = true }, /* the last: not all have it */
	};
	size_t n = ARRAY_LEN(pages) - !prom->has_reload;

	memcpy(ret, pages, sizeof(pages));
	return prom->live ? n + live_pages(prom->live, ret + n, PAGES_MAX - n) : n;
}

/* --- the sink --------------------------------------------------------------------------------- */

static int prometheus_open(struct sink *sink, struct err *err)
{
	struct prometheus_sink *prom = prometheus_of(sink);
	const struct web_opts opts = { .listen = prom->listen,
				       .config = prom->web_config,
				       .pages = prom->pages,
				       .listen_fd = prom->listen_fd,
				       .npages = pages_of(prom, prom->pages),
				       .waiting = prom->live ? LIVE_VIEWERS : 0 };
	int ret;

	ret = web_server_open(&prom->server, &opts, err);
	if (ret < 0)
		return ret;
	prom->packers = packers_new(true);
	return 0;
}

/* With the lock. Scrapes that are under way keep the catalogue that they have. */
static void renew_catalogue(struct prometheus_sink *prom)
{
	catalogue_unref(prom->catalogue);
	prom->catalogue = catalogue_new(&prom->naming, prom->sources, prom->nsources);
}

static int prometheus_add(struct sink *sink, struct source *source, struct err *err)
{
	struct prometheus_sink *prom = prometheus_of(sink);
	uint64_t cache_bytes = CACHE_MAX_BYTES / (source->several ? CACHE_SHARES : 1);

	cache_bytes = source_set_aside(source, cache_bytes);
	pthread_mutex_lock(&prom->lock);
	prom->sources = xreallocarray(prom->sources, prom->nsources + 1, sizeof(void *));
	prom->sources[prom->nsources++] = scrape_source_new(source, cache_bytes);
	renew_catalogue(prom);
	pthread_mutex_unlock(&prom->lock);
	own_figures_add(prom->figures, source);
	if (prom->naming.exporter)
		compat_figures_add(prom->figures, source);
	return prom->live ? live_add(prom->live, source, err) : 0;
}

static void prometheus_remove(struct sink *sink, struct source *source)
{
	struct prometheus_sink *prom = prometheus_of(sink);

	if (prom->live)
		live_remove(prom->live, source);
	own_figures_remove(prom->figures, source);
	pthread_mutex_lock(&prom->lock);
	for (size_t i = 0; i < prom->nsources; i++) {
		if (prom->sources[i]->source != source)
			continue;
		scrape_source_remove(prom->sources[i]);
		memmove(&prom->sources[i], &prom->sources[i + 1],
			(--prom->nsources - i) * sizeof(void *));
		break;
	}
	renew_catalogue(prom);
	pthread_mutex_unlock(&prom->lock);
}

static int prometheus_start(struct sink *sink, struct err *err)
{
	struct prometheus_sink *prom = prometheus_of(sink);

	figures_add(prom->figures, &scrape_figures, &prom->totals);
	if (prom->naming.exporter)
		figures_add(prom->figures, &compat_build_figures, &prom->totals);
	return web_server_start(prom->server, err);
}

static void prometheus_tick(struct sink *sink)
{
	web_server_tick(prometheus_of(sink)->server);
}

/* --- with the page for browsers --- */

static int page_event(struct sink *sink, struct source *source, const struct record *record)
{
	return live_event(prometheus_of(sink)->live, source, record);
}

static int page_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		     uint64_t time_ns)
{
	return live_rows(prometheus_of(sink)->live, source, rows, time_ns);
}

static int page_lost(struct sink *sink, struct source *source, const struct map_plan *map,
		     enum lost_where where, uint64_t count, uint64_t time_ns)
{
	return live_lost(prometheus_of(sink)->live, source, map, where, count, time_ns);
}

static int page_swept(struct sink *sink, struct source *source, uint64_t time_ns)
{
	return live_swept(prometheus_of(sink)->live, source, time_ns);
}

static int page_flush(struct sink *sink)
{
	return live_flush(prometheus_of(sink)->live);
}

static int page_work(struct sink *sink, int *timeout_ms)
{
	return live_work(prometheus_of(sink)->live, timeout_ms);
}

static int page_fd(struct sink *sink)
{
	return live_fd(prometheus_of(sink)->live);
}

static void add_page(struct prometheus_sink *prom)
{
	prom->live = live_new(prom->hooks, prom->figures);
	prom->ops.refreshes = false;
	prom->ops.event = page_event;
	prom->ops.rows = page_rows;
	prom->ops.lost = page_lost;
	prom->ops.swept = page_swept;
	prom->ops.flush = page_flush;
	prom->ops.work = page_work;
	prom->ops.fd = page_fd;
}

/* Viewers reconnect to the successor by themselves. */
static void prometheus_retire(struct sink *sink)
{
	if (prometheus_of(sink)->live)
		live_close(prometheus_of(sink)->live);
	web_server_drain(prometheus_of(sink)->server, DRAIN_MS);
}

static void prometheus_close(struct sink *sink)
{
	if (prometheus_of(sink)->live)
		live_close(prometheus_of(sink)->live);
	web_server_stop(prometheus_of(sink)->server);
}

static void prometheus_free(struct sink *sink)
{
	struct prometheus_sink *prom = prometheus_of(sink);

	web_server_free(prom->server);
	while (prom->nsources)
		prometheus_remove(sink, prom->sources[0]->source);
	live_free(prom->live);
	figures_remove(prom->figures, &prom->totals);
	catalogue_unref(prom->catalogue);
	pthread_mutex_destroy(&prom->lock);
	free(prom->sources);
	packers_free(prom->packers);
	free(prom->web_config);
	free(prom->listen);
	free(prom);
}

uint16_t sink_prometheus_port(const struct sink *sink)
{
	return web_server_port(prometheus_of(sink)->server);
}

int sink_prometheus_dup(const struct sink *sink)
{
	return web_server_dup(prometheus_of(sink)->server);
}

static size_t prometheus_reads(const struct sink *sink, const char **ret, size_t max)
{
	return web_server_files(prometheus_of((struct sink *)sink)->server, ret, max);
}

static const struct sink_ops prometheus_ops = {
	.name = "prometheus",
	.refreshes = true,
	.stays = true,
	.open = prometheus_open,
	.add = prometheus_add,
	.remove = prometheus_remove,
	.start = prometheus_start,
	.tick = prometheus_tick,
	.retire = prometheus_retire,
	.reads = prometheus_reads,
	.close = prometheus_close,
	.free = prometheus_free,
};

struct sink *sink_prometheus_new(const struct prometheus_opts *opts)
{
	struct prometheus_sink *prom = xcalloc(1, sizeof(*prom));

	prom->ops = prometheus_ops;
	prom->sink.ops = &prom->ops;
	prom->listen = xstrdup(opts->listen);
	prom->web_config = opts->web_config ? xstrdup(opts->web_config) : NULL;
	prom->naming = opts->naming;
	prom->hooks = opts->hooks;
	prom->has_reload = opts->has_reload;
	prom->listen_fd = opts->listen_fd;
	prom->figures = opts->figures;
	if (opts->page)
		add_page(prom);
	pthread_mutex_init(&prom->lock, NULL);
	renew_catalogue(prom);
	return &prom->sink;
}

/* --- its options ------------------------------------------------------------------------------ */

#define PORT_TEXT_MAX 16
#define DEFAULT_LISTEN "127.0.0.1:9091"

struct prometheus_args {
	const char *listen, *web_config;
	uint64_t port;
	bool page;
};

static const char *listen_of(const struct prometheus_args *args)
{
	return args->listen ? args->listen : DEFAULT_LISTEN;
}

static bool prometheus_wanted(const void *args)
{
	const struct prometheus_args *a = args;

	return a->listen || a->port || a->page;
}

static int prometheus_new(struct sink **ret, const void *args, const struct export_env *env,
			  struct err *err)
{
	const struct prometheus_args *a = args;
	char port[PORT_TEXT_MAX];
	struct prometheus_opts opts = {
		.listen = listen_of(a),
		.naming = env->naming,
		.page = a->page,
		.web_config = a->web_config,
		.figures = env->figures,
		.hooks = env->hooks,
		.has_reload = env->has_reload,
		.listen_fd = env->listen_fd,
	};

	if (!prometheus_wanted(args))
		return a->web_config ? err_usage(err, "--web-config guards metrics and the page: "
						      "--metrics or --web is missing")
				     : 0;
	if (a->port) {
		snprintf(port, PORT_TEXT_MAX, ":%u", (unsigned)a->port);
		opts.listen = port;
	}
	*ret = sink_prometheus_new(&opts);
	return 0;
}

/* Logs a port that the system chose; in the agent and without a terminal also other addresses. */
static void tell_address(const struct sink *sink, const void *args, const struct export_env *env)
{
	const struct prometheus_args *a = args;
	bool always = env->hooks || !isatty(STDERR_FILENO);
	const char *colon = a->listen ? strrchr(a->listen, ':') : NULL,
		   *port = colon ? colon + 1 : a->listen;

	if (env->listen_fd)
		log_info("metrics are served on the socket that systemd handed over");
	else if (a->port && always)
		log_info("metrics are served on port %u of all interfaces", (unsigned)a->port);
	else if (!a->port && port && !port[strspn(port, "0")])
		log_info("metrics are on port %u", sink_prometheus_port(sink));
	else if (!a->port && a->listen && always)
		log_info("metrics are served on %s", a->listen);
}

/* Logs the address of the page as a URL, which terminals show as a link. */
static void tell_page(const struct sink *sink, const void *args, const struct export_env *env)
{
	const struct prometheus_args *a = args;
	const char *listen = listen_of(a), *colon = strrchr(listen, ':');
	int host = colon && !a->port ? (int)(colon - listen) : 0;

	log_info("the page for browsers is http%s://%.*s:%u/live",
		 web_server_has_tls(prometheus_of(sink)->server) ? "s" : "",
		 host ? host : (int)strlen("localhost"), host ? listen : "localhost",
		 sink_prometheus_port(sink));
}

static void tell_opened(const struct sink *sink, const void *args, const struct export_env *env)
{
	tell_address(sink, args, env);
	if (((const struct prometheus_args *)args)->page)
		tell_page(sink, args, env);
}

static int prometheus_keep(struct sink *sink, const void *own_args, const void *args, bool always)
{
	const struct prometheus_args *a = own_args, *b = args;
	bool same = a->port == b->port && streq(listen_of(a), listen_of(b));

	return always || same ? sink_prometheus_dup(sink) : 0;
}

#define ARG(member) offsetof(struct prometheus_args, member)
static const struct opt prometheus_options[] = {
	{ .name = "metrics",
	  .arg = "ADDR",
	  .kind = OPT_OPTIONAL,
	  .offset = ARG(listen),
	  .help = "serve Prometheus metrics (" DEFAULT_LISTEN ")",
	  .choices = DEFAULT_LISTEN,
	  .key = "listen" },
	{ .name = "prom-port",
	  .arg = "PORT",
	  .kind = OPT_U64,
	  .offset = ARG(port),
	  .help = "serve Prometheus metrics on this port of all interfaces",
	  .min = 1,
	  .max = UINT16_MAX,
	  .key = "port" },
	{ .name = "web",
	  .kind = OPT_FLAG,
	  .offset = ARG(page),
	  .help = "serve a page for browsers at /live, beside the metrics: all data, live" },
	{ .name = "web-config",
	  .arg = "FILE",
	  .kind = OPT_TEXT,
	  .offset = ARG(web_config),
	  .help = "TLS, client certificates and passwords for metrics and page, as exporters of "
		  "Prometheus take them",
	  .complete = "file" },
	{ 0 },
};

const struct exporter exporter_prometheus = {
	.name = "prometheus",
	.type = "prometheus",
	.group = "Prometheus",
	.opts = prometheus_options,
	.args_bytes = sizeof(struct prometheus_args),
	.statistics = true,
	.wanted = prometheus_wanted,
	.new = prometheus_new,
	.keep = prometheus_keep,
	.opened = tell_opened,
};
