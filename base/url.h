/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of URLs as a client of registries needs: where does this one lead, and is that the same
 * place? Only http and https, no user information, no character that two readers could read
 * differently. Pure.
 */
#ifndef BOMBUS_BASE_URL_H
#define BOMBUS_BASE_URL_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define URL_MAX_BYTES 8192

struct url {
	bool secure; /* https */
	char *host;  /* lower case, brackets included */
	uint16_t port;
	char *rest; /* from the path's slash on, without a fragment */
};

int url_parse(const char *text, struct url *ret, struct err *err); /* -EBADMSG */
void url_release(struct url *url);

/* What `location`, absolute or relative, means where `base` answered with it. malloc'ed text. */
int url_join(const char *base, const char *location, char **ret, struct err *err);

/* The same scheme, host and port: what credentials may be sent to. */
bool url_same_origin(const char *a, const char *b);

bool url_is_secure(const char *text);

/* localhost, 127.0.0.0/8, ::1, with or without a port. */
bool host_is_loopback(const char *host);

/* Appends what is not plain (RFC 3986 unreserved) as %XX to `out`. */
struct strbuf;
void url_escape(struct strbuf *out, const char *text);

#endif
