/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS by a struct web_config. Each new session is set up anew, so that certificates are exchanged
 * while older sessions go on. A client without a valid certificate does not complete the handshake.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_WEB_TLS_H
#define BOMBUS_RUNNER_SINK_WEB_WEB_TLS_H

#include "runner/sink/web/web_config.h"

struct web_tls;

int web_tls_new(struct web_tls **ret, struct err *err);
/* After the last session. */
void web_tls_free(struct web_tls *tls);

/* For later sessions. A failure changes nothing: the key belongs to another certificate, say. */
int web_tls_use(struct web_tls *tls, const struct web_config *config, struct err *err);

/* `session` is GnuTLS' (gnutls_session_t), before its handshake. Returns a handle for
 * web_tls_end(), to be called when the session is gone. */
void *web_tls_begin(struct web_tls *tls, void *session);
void web_tls_end(struct web_tls *tls, void *handle);

#endif
