/* SPDX-License-Identifier: Apache-2.0 */
/* The header Link (RFC 8288), as far as pages need it. Pure. */
#ifndef BOMBUS_OCI_REGISTRY_LINK_H
#define BOMBUS_OCI_REGISTRY_LINK_H

/*
 * The target of the first link of relation "next": `</b>; rel="prev", </c>; rel="next"`. Several
 * headers are joined by commas. malloc'ed; NULL: there is none, or `header` is NULL.
 */
char *link_next(const char *header);

/*
 * The same page at the origin `base`, where `url` names it or differs from it only as behind a
 * proxy that ends TLS: in the scheme, with the same port or the default ports of both schemes.
 * Credentials go to `base` in any case. malloc'ed; NULL: it is another host or port.
 */
char *link_at_base(const char *url, const char *base);

#endif
