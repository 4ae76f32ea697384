/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS by a struct web_config: sets each new session up, so that certificates can be exchanged while
 * others go on. A client whose certificate is missing or no good does not get through the
 * handshake.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_WEB_TLS_H
#define BOMBUS_RUNNER_SINK_WEB_WEB_TLS_H

#include "runner/sink/web/web_config.h"

struct web_tls;

int web_tls_new(struct web_tls **ret, struct err *err);
/* After the last session. */
void web_tls_free(struct web_tls *tls);

/* For sessions from now on; on failure (the key is another certificate's, say) nothing changes. */
int web_tls_use(struct web_tls *tls, const struct web_config *config, struct err *err);

/* `session` is GnuTLS' (gnutls_session_t), before its handshake. What is returned is to be handed
 * back when the session is gone. */
void *web_tls_begin(struct web_tls *tls, void *session);
void web_tls_end(struct web_tls *tls, void *handle);

#endif
