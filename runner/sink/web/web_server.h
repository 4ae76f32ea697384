/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server that knows its pages and nothing of what is in them: connections, TLS, passwords,
 * the Host header, methods and status codes. One thread of the HTTP library serves all connections
 * and calls the pages; what a page streams is made as the socket takes it.
 *
 * DNS rebinding: a server that listens on a loopback address without TLS answers only requests
 * whose Host is one, so that no web page can read it through a name of its own.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_WEB_SERVER_H
#define BOMBUS_RUNNER_SINK_WEB_WEB_SERVER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct web_server;
struct web_request;

/* A path, answered to GET and HEAD, or to POST alone. answer() calls one of the web_send functions,
 * and returns what it returned. */
struct web_page {
	const char *path;
	int (*answer)(void *ctx, struct web_request *request);
	void *ctx; /* borrowed */
	bool post;
};

#define WEB_CONNECTIONS 64u /* beside the streams that wait */

struct web_opts {
	const char *listen;	      /* as listen_tcp() takes it; copied */
	int listen_fd;		      /* listens already; taken over; 0: none */
	const char *config;	      /* a file as in web_config.h; copied; NULL: none */
	const struct web_page *pages; /* borrowed */
	size_t npages;
	unsigned waiting; /* at most so many streams wait at a time; the pages see to it */
};

/* Listens; the thread comes later. */
int web_server_open(struct web_server **ret, const struct web_opts *opts, struct err *err);
int web_server_start(struct web_server *server, struct err *err);
/* Now and then, in any thread: closes connections that do not get on. */
void web_server_tick(struct web_server *server);
/* Takes no new connection, and waits for those that there are, for at most timeout_ms. */
void web_server_drain(struct web_server *server, int timeout_ms);
/* No page is called any more. Both take NULL. */
void web_server_stop(struct web_server *server);
void web_server_free(struct web_server *server);
/* What is read again when it changes: at most `max` paths; returns how many. Before the start. */
size_t web_server_files(const struct web_server *server, const char **ret, size_t max);
bool web_server_has_tls(const struct web_server *server);
uint16_t web_server_port(const struct web_server *server);
/* A duplicate of its socket, for web_opts.listen_fd of a successor; -errno. */
int web_server_dup(const struct web_server *server);

/* --- for pages -------------------------------------------------------------------------------- */

bool web_request_is_head(const struct web_request *request);
/* All headers of this name as one list; malloc'ed; NULL: there is none. */
char *web_request_header(struct web_request *request, const char *name);

/* More headers of the answer: name and value in turns, NULL at the end. */
typedef const char *const *web_headers;

int web_send_text(struct web_request *request, unsigned status, const char *text);
int web_send_bytes(struct web_request *request, unsigned status, const char *type,
		   web_headers headers, const void *bytes, size_t len);

#define WEB_LATER (-EAGAIN)

/* The body comes from read(), in the server's thread: the number of bytes, 0 at the end, WEB_LATER
 * after web_link_pause(), else negative where it is given up. release() is called in any case. */
struct web_stream {
	ssize_t (*read)(void *body, char *dst, size_t max);
	void (*release)(void *body);
	void *body;
};
int web_send_stream(struct web_request *request, const char *type, web_headers headers,
		    const struct web_stream *stream);

/* The connection of a request that a stream answers, until the stream's release(). */
struct web_link {
	struct web_server *server;
	void *connection;
};
struct web_link web_request_link(struct web_request *request);
/* Only in read(): it is called again after web_link_resume(). */
void web_link_pause(const struct web_link *link);
/* Any thread, once after each pause. Before the server stops, all that wait are resumed. */
void web_link_resume(const struct web_link *link);

#endif
