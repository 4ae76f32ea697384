// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/web/web_server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/net/listen.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/url.h"
#include "base/thread.h"
#include "base/util.h"
#include "runner/sink/web/idle.h"
#include "runner/sink/web/mhd.h"
#include "runner/sink/web/web_guard.h"
#include "runner/sink/web/web_limit.h"

#define CONNECTION_TIMEOUT_S 15u
#define REQUEST_MEMORY_BYTES (16u << 10)
#define HEADER_MAX_BYTES REQUEST_MEMORY_BYTES
#define CHUNK_BYTES (32u << 10)
#define ACCESS_REALM "bombus"

struct web_server {
	struct web_opts opts;
	char *listen;
	uint16_t port;
	int listen_fd; /* until the daemon has it; -1 */
	int socket;    /* the same, the daemon's or not */
	bool loopback; /* what it listens on */
	struct mhd mhd;
	struct MHD_Daemon *daemon;
	struct web_guard *guard;
	struct web_limit *limit;
	struct idle *idle;
};

/* Of the daemon's thread, but for `check` while the checker has it. */
struct web_request {
	struct web_server *server;
	struct MHD_Connection *connection;
	bool head;
	bool checked; /* `check` came back */
	struct web_check check;
};

/* --- answers ---------------------------------------------------------------------------------- */

static int send_response(struct web_request *request, unsigned status, const char *type,
			 web_headers headers, struct MHD_Response *response)
{
	const struct mhd *mhd = &request->server->mhd;
	const struct web_config *web = web_guard_config(request->server->guard);
	enum MHD_Result ret;

	if (!response)
		return -ENOMEM;
	mhd->add_header(response, "Content-Type", type);
	mhd->add_header(response, "X-Content-Type-Options", "nosniff");
	for (; headers && headers[0]; headers += 2)
		mhd->add_header(response, headers[0], headers[1]);
	for (size_t i = 0; i < web->nheaders; i++)
		mhd->add_header(response, web->headers[i].name, web->headers[i].value);
	ret = mhd->queue_response(request->connection, status, response);
	mhd->destroy_response(response);
	return ret == MHD_YES ? 0 : -EIO;
}

int web_send_bytes(struct web_request *request, unsigned status, const char *type,
		   web_headers headers, const void *bytes, size_t len)
{
	return send_response(request, status, type, headers,
			     request->server->mhd.response_from_buffer(len, (void *)bytes,
								       MHD_RESPMEM_MUST_COPY));
}

/* A short text, with one more header where there is a name. */
static int send_text(struct web_request *request, unsigned status, const char *text,
		     const char *name, const char *value)
{
	const char *const headers[] = { name, value, NULL };

	return send_response(request, status, "text/plain; charset=utf-8", headers,
			     request->server->mhd.response_from_buffer(strlen(text), (void *)text,
								       MHD_RESPMEM_MUST_COPY));
}

int web_send_text(struct web_request *request, unsigned status, const char *text)
{
	return send_text(request, status, text, NULL, NULL);
}

static ssize_t read_stream(void *ctx, uint64_t pos, char *dst, size_t max)
{
	const struct web_stream *stream = ctx;
	ssize_t n = stream->read(stream->body, dst, max);

	if (n > 0)
		return n;
	if (n == WEB_LATER)
		return 0;
	return n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void release_stream(void *ctx)
{
	struct web_stream *stream = ctx;

	stream->release(stream->body);
	free(stream);
}

int web_send_stream(struct web_request *request, const char *type, web_headers headers,
		    const struct web_stream *stream)
{
	struct web_stream *copy = xcalloc(1, sizeof(*copy));
	struct MHD_Response *response;

	*copy = *stream;
	response = request->server->mhd.response_from_callback(MHD_SIZE_UNKNOWN, CHUNK_BYTES,
							       read_stream, copy, release_stream);
	if (!response)
		release_stream(copy);
	return send_response(request, MHD_HTTP_OK, type, headers, response);
}

struct web_link web_request_link(struct web_request *request)
{
	return (struct web_link){ request->server, request->connection };
}

void web_link_pause(const struct web_link *link)
{
	link->server->mhd.suspend(link->connection);
}

void web_link_resume(const struct web_link *link)
{
	link->server->mhd.resume(link->connection);
}

/* --- requests --------------------------------------------------------------------------------- */

bool web_request_is_head(const struct web_request *request)
{
	return request->head;
}

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

char *web_request_header(struct web_request *request, const char *name)
{
	struct header header = { name, STRBUF_INIT(HEADER_MAX_BYTES) };

	request->server->mhd.get_values(request->connection, MHD_HEADER_KIND, add_header, &header);
	if (header.value.len)
		return strbuf_steal(&header.value);
	strbuf_release(&header.value);
	return NULL;
}

static int socket_of(struct web_server *server, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		server->mhd.get_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static const struct sockaddr *address_of(struct web_request *request)
{
	const union MHD_ConnectionInfo *info = request->server->mhd.get_info(
		request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info ? info->client_addr : NULL;
}

static bool is_our_host(struct web_request *request)
{
	const struct web_server *server = request->server;
	_cleanup_free_ char *host = NULL;

	/* A browser does not accept our certificate for another name. */
	if (!server->loopback || web_guard_config(server->guard)->tls)
		return true;
	host = web_request_header(request, "Host");
	return !host || host_is_loopback(host);
}

/* --- passwords -------------------------------------------------------------------------------- */

/* In the checker's thread. */
static void on_checked(struct web_check *check)
{
	struct web_request *request = container_of(check, struct web_request, check);

	request->server->mhd.resume(request->connection);
}

/* Hands the check over; the request goes on when it is done. */
static int begin_check(struct web_request *request)
{
	struct web_server *server = request->server;

	if (!web_guard_can_check(server->guard))
		return send_text(request, MHD_HTTP_SERVICE_UNAVAILABLE,
				 "too many requests at once\n", "Retry-After", "1");
	if (!web_limit_take(server->limit, address_of(request), now_mono_ns()))
		return send_text(request, MHD_HTTP_TOO_MANY_REQUESTS, "too many wrong passwords\n",
				 "Retry-After", "2");
	request->check.done = on_checked;
	request->checked = true;
	server->mhd.suspend(request->connection);
	web_guard_check(server->guard, &request->check);
	return 0;
}

static int deny(struct web_request *request)
{
	return send_text(request, MHD_HTTP_UNAUTHORIZED, "authentication required\n",
			 "WWW-Authenticate", "Basic realm=\"" ACCESS_REALM "\", charset=\"UTF-8\"");
}

/* 1: the request may be answered; else what to return. */
static int authenticate(struct web_request *request)
{
	struct web_server *server = request->server;
	_cleanup_free_ char *user = NULL, *password = NULL, *header = NULL;
	enum web_access access;

	if (request->checked) {
		if (!request->check.matches)
			return deny(request);
		web_limit_give_back(server->limit, address_of(request));
		web_guard_learn(server->guard, &request->check);
		return 1;
	}
	if (!web_guard_config(server->guard)->nusers)
		return 1;
	header = web_request_header(request, "Authorization");
	if (!header || !web_auth_read(header, &user, &password))
		return deny(request);
	explicit_bzero(header, strlen(header));
	access = web_guard_ask(server->guard, user, password, &request->check);
	if (access == WEB_UNKNOWN)
		request->check.password = xstrdup(password);
	explicit_bzero(password, strlen(password));
	if (access == WEB_UNKNOWN)
		return begin_check(request);
	return access == WEB_ALLOWED ? 1 : deny(request);
}

static void request_free(struct web_request *request)
{
	if (!request)
		return;
	if (request->check.password)
		explicit_bzero(request->check.password, strlen(request->check.password));
	free(request->check.password);
	free(request);
}

/* --- what the library calls ------------------------------------------------------------------- */

static void on_connection(void *ctx, struct MHD_Connection *connection, void **state,
			  enum MHD_ConnectionNotificationCode code)
{
	struct web_server *server = ctx;
	const union MHD_ConnectionInfo *info = NULL;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		idle_end(server->idle, socket_of(server, connection));
		web_guard_end(server->guard, *state);
		return;
	}
	idle_begin(server->idle, socket_of(server, connection), now_mono_ns());
	if (web_guard_config(server->guard)->tls)
		info = server->mhd.get_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	*state = web_guard_begin(server->guard, info ? info->tls_session : NULL);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct web_server *server = ctx;

	request_free(*state);
	*state = NULL;
	idle_begin(server->idle, socket_of(server, connection), now_mono_ns());
}

static int answer(struct web_request *request, const char *url, const char *method)
{
	const struct web_opts *opts = &request->server->opts;
	const struct web_page *page = NULL;
	int code;

	if (!is_our_host(request))
		return web_send_text(request, MHD_HTTP_FORBIDDEN,
				     "this address answers to localhost only\n");
	code = authenticate(request);
	if (code != 1)
		return code;
	for (size_t i = 0; i < opts->npages; i++)
		if (streq(url, opts->pages[i].path))
			page = &opts->pages[i];
	if (page && page->post && !streq(method, MHD_HTTP_METHOD_POST))
		return send_text(request, MHD_HTTP_METHOD_NOT_ALLOWED,
				 "only POST is understood here\n", "Allow", "POST");
	if (!(page && page->post) && !streq(method, MHD_HTTP_METHOD_GET) && !request->head)
		return send_text(request, MHD_HTTP_METHOD_NOT_ALLOWED,
				 "only GET and HEAD are understood\n", "Allow", "GET, HEAD");
	if (page)
		return page->answer(page->ctx, request);
	return web_send_text(request, MHD_HTTP_NOT_FOUND,
			     "no such page; metrics are at /metrics\n");
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **state)
{
	struct web_server *server = ctx;
	struct web_request *request = *state;

	/* First called when the headers are there, then for what is uploaded, then to answer; once
	 * more after a password was checked. */
	if (!request) {
		request = xcalloc(1, sizeof(*request));
		request->server = server;
		request->connection = connection;
		request->head = streq(method, MHD_HTTP_METHOD_HEAD);
		*state = request;
		return MHD_YES;
	}
	if (*upload_len) {
		*upload_len = 0;
		return MHD_YES;
	}
	idle_end(server->idle, socket_of(server, connection));
	return answer(request, url, method) >= 0 ? MHD_YES : MHD_NO;
}

static void on_log(void *ctx, const char *fmt, va_list ap)
{
	log_vmsg(LOG_DEBUG, fmt, ap);
}

/* --- life ------------------------------------------------------------------------------------- */

/* Options that TLS adds; they end the list at once where there is none. The library needs them to
 * begin with, though each session is set up anew. */
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

int web_server_start(struct web_server *server, struct err *err)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ERROR_LOG |
			 MHD_ALLOW_SUSPEND_RESUME;
	const struct web_config *web = web_guard_config(server->guard);
	struct MHD_OptionItem tls[4];
	sigset_t before;

	tls_options(web, tls);
	thread_signals_block(&before);
	server->daemon = server->mhd.start_daemon(
		flags | (web->tls ? MHD_USE_TLS : 0), 0, NULL, NULL, on_request, server,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET,
		server->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
		WEB_CONNECTIONS + server->opts.waiting, MHD_OPTION_CONNECTION_TIMEOUT,
		CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)REQUEST_MEMORY_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_ARRAY, tls,
		MHD_OPTION_END);
	thread_signals_restore(&before);
	if (server->daemon) {
		server->listen_fd = -1; /* is the daemon's */
		return 0;
	}
	return err_set(err, EIO, "cannot serve metrics on %s: the HTTP server did not start",
		       server->listen);
}

static bool is_loopback(int fd)
{
	struct sockaddr_storage addr = { 0 };
	const struct sockaddr_in *v4 = (const void *)&addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return false;
	if (addr.ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return addr.ss_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&addr)->sin6_addr);
}

static int open_all(struct web_server *server, struct err *err)
{
	int code = mhd_load(&server->mhd, err);

	if (server->opts.listen_fd > 0)
		server->listen_fd = server->opts.listen_fd; /* closed in any case */
	if (code == 0)
		code = web_guard_new(&server->guard, server->opts.config, err);
	if (code < 0)
		return code;
	if (web_guard_config(server->guard)->tls &&
	    server->mhd.has_feature(MHD_FEATURE_SSL) != MHD_YES)
		return err_set(err, ENOTSUP, "this libmicrohttpd has no TLS");
	if (server->opts.listen_fd > 0)
		server->listen_fd = listen_taken(server->opts.listen_fd, &server->port, err);
	else
		server->listen_fd = listen_tcp(server->listen, &server->port, err);
	if (server->listen_fd < 0)
		return server->listen_fd;
	server->socket = server->listen_fd;
	server->loopback = is_loopback(server->listen_fd);
	return 0;
}

int web_server_open(struct web_server **ret, const struct web_opts *opts, struct err *err)
{
	struct web_server *server = xcalloc(1, sizeof(*server));
	int code;

	server->opts = *opts;
	server->listen = xstrdup(opts->listen);
	server->listen_fd = -1;
	server->idle = idle_new(WEB_CONNECTIONS + opts->waiting);
	server->limit = web_limit_new();
	code = open_all(server, err);
	server->opts.listen = server->opts.config = NULL; /* the caller's */
	if (code < 0)
		web_server_free(server);
	else
		*ret = server;
	return code;
}

void web_server_tick(struct web_server *server)
{
	idle_tick(server->idle, now_mono_ns());
}

static unsigned connections(const struct web_server *server)
{
	const union MHD_DaemonInfo *info =
		server->mhd.get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info ? info->num_connections : 0;
}

void web_server_drain(struct web_server *server, int timeout_ms)
{
	if (!server->daemon)
		return;
	server->listen_fd = server->mhd.quiesce_daemon(server->daemon);
	for (int i = 0; i < timeout_ms && connections(server); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

void web_server_stop(struct web_server *server)
{
	if (!server)
		return;
	/* Requests that wait for a check go on, so that the library may end them. */
	if (server->guard)
		web_guard_stop(server->guard);
	if (server->daemon)
		server->mhd.stop_daemon(server->daemon);
	server->daemon = NULL;
}

void web_server_free(struct web_server *server)
{
	if (!server)
		return;
	web_server_stop(server);
	close_fd(&server->listen_fd);
	web_guard_free(server->guard);
	web_limit_free(server->limit);
	idle_free(server->idle);
	free(server->listen);
	free(server);
}

size_t web_server_files(const struct web_server *server, const char **ret, size_t max)
{
	return web_guard_files(server->guard, ret, max);
}

bool web_server_has_tls(const struct web_server *server)
{
	return web_guard_config(server->guard)->tls;
}

uint16_t web_server_port(const struct web_server *server)
{
	return server->port;
}

int web_server_dup(const struct web_server *server)
{
	int fd = fcntl(server->socket, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}
