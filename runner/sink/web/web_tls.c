// SPDX-License-Identifier: Apache-2.0
/* The only file that knows GnuTLS, which is loaded for it. */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include "base/dynlib.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/sink/web/web_tls.h"

#define LIBRARY "libgnutls.so.30"
#define PACKAGE "libgnutls30"
#define WHAT "cannot serve TLS"

/* The terms of sessions; they live as long as one of these does. */
struct terms {
	gnutls_certificate_credentials_t credentials;
	char *priorities;
	gnutls_certificate_request_t request;
	bool verify;
	uint32_t users; /* sessions, and the one place that it is current in */
};

struct gnutls {
	void *library;
	__typeof__(&gnutls_certificate_allocate_credentials) allocate;
	__typeof__(&gnutls_certificate_free_credentials) release;
	__typeof__(&gnutls_certificate_set_x509_key_mem) set_key;
	__typeof__(&gnutls_certificate_set_x509_trust_mem) set_trust;
	__typeof__(&gnutls_certificate_server_set_request) set_request;
	__typeof__(&gnutls_session_set_verify_function) set_verify;
	__typeof__(&gnutls_credentials_set) set_credentials;
	__typeof__(&gnutls_priority_set_direct) set_priorities;
	__typeof__(&gnutls_priority_init) priority_init;
	__typeof__(&gnutls_priority_deinit) priority_deinit;
	__typeof__(&gnutls_strerror) strerror;
};

struct web_tls {
	struct gnutls lib;
	struct terms *now;
};

int web_tls_new(struct web_tls **ret, struct err *err)
{
	struct web_tls *tls = xcalloc(1, sizeof(*tls));
	const struct dynlib_symbol symbols[] = {
		{ "gnutls_certificate_allocate_credentials", &tls->lib.allocate },
		{ "gnutls_certificate_free_credentials", &tls->lib.release },
		{ "gnutls_certificate_set_x509_key_mem", &tls->lib.set_key },
		{ "gnutls_certificate_set_x509_trust_mem", &tls->lib.set_trust },
		{ "gnutls_certificate_server_set_request", &tls->lib.set_request },
		{ "gnutls_session_set_verify_function", &tls->lib.set_verify },
		{ "gnutls_credentials_set", &tls->lib.set_credentials },
		{ "gnutls_priority_set_direct", &tls->lib.set_priorities },
		{ "gnutls_priority_init", &tls->lib.priority_init },
		{ "gnutls_priority_deinit", &tls->lib.priority_deinit },
		{ "gnutls_strerror", &tls->lib.strerror },
	};
	int code = dynlib_open(&tls->lib.library, LIBRARY, PACKAGE, WHAT, symbols,
			       ARRAY_LEN(symbols), err);

	if (code < 0)
		free(tls);
	else
		*ret = tls;
	return code;
}

static void terms_put(struct web_tls *tls, struct terms *terms)
{
	if (!terms || --terms->users)
		return;
	if (terms->credentials)
		tls->lib.release(terms->credentials);
	free(terms->priorities);
	free(terms);
}

void web_tls_free(struct web_tls *tls)
{
	if (!tls)
		return;
	terms_put(tls, tls->now);
	dynlib_close(tls->lib.library);
	free(tls);
}

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)text, (unsigned)strlen(text) };
}

static int fill(struct web_tls *tls, struct terms *terms, const struct web_config *config,
		struct err *err)
{
	gnutls_datum_t cert = datum(config->cert_pem), key = datum(config->key_pem);
	gnutls_priority_t priorities;
	int code = tls->lib.allocate(&terms->credentials);

	if (code >= 0)
		code = tls->lib.set_key(terms->credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
	if (code < 0) {
		err_hint(err, "the certificate has to be this key's, and both PEM");
		return err_set(err, EINVAL, "the certificate and its key: %s",
			       tls->lib.strerror(code));
	}
	if (config->ca_pem) {
		gnutls_datum_t ca = datum(config->ca_pem);

		code = tls->lib.set_trust(terms->credentials, &ca, GNUTLS_X509_FMT_PEM);
		if (code <= 0)
			return err_set(err, EINVAL, "client_ca_file: %s",
				       code ? tls->lib.strerror(code) : "no certificate in it");
	}
	code = tls->lib.priority_init(&priorities, config->priorities, NULL);
	if (code < 0)
		return err_set(err, EINVAL, "the versions, ciphers and curves do not go together");
	tls->lib.priority_deinit(priorities);
	return 0;
}

int web_tls_use(struct web_tls *tls, const struct web_config *config, struct err *err)
{
	struct terms *terms = xcalloc(1, sizeof(*terms));
	enum client_auth auth = config->client_auth;
	int code;

	terms->users = 1;
	terms->priorities = xstrdup(config->priorities);
	terms->request = auth == CLIENT_AUTH_NONE ? GNUTLS_CERT_IGNORE
			 : auth == CLIENT_AUTH_REQUIRE_ANY || auth == CLIENT_AUTH_REQUIRE_VERIFY
				 ? GNUTLS_CERT_REQUIRE
				 : GNUTLS_CERT_REQUEST;
	terms->verify = auth == CLIENT_AUTH_VERIFY_GIVEN || auth == CLIENT_AUTH_REQUIRE_VERIFY;
	code = fill(tls, terms, config, err);
	if (code < 0) {
		terms_put(tls, terms);
		return code;
	}
	terms_put(tls, tls->now);
	tls->now = terms;
	return 0;
}

/*
 * 0: the certificate is valid. The request decides whether there must be one. The session is the
 * only argument, so the functions are looked up once more in the library, which is loaded.
 */
static int verify(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
					  .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT };
	__typeof__(&gnutls_certificate_get_peers) get_peers = NULL;
	__typeof__(&gnutls_certificate_verify_peers) verify_peers = NULL;
	const struct dynlib_symbol symbols[] = {
		{ "gnutls_certificate_get_peers", &get_peers },
		{ "gnutls_certificate_verify_peers", &verify_peers },
	};
	unsigned count = 0, status = 0;
	bool good;
	void *library;

	if (dynlib_open(&library, LIBRARY, PACKAGE, WHAT, symbols, ARRAY_LEN(symbols), NULL) < 0)
		return -1;
	good = !get_peers(session, &count) || !count ||
	       (verify_peers(session, &purpose, 1, &status) >= 0 && !status);
	dynlib_close(library);
	return good ? 0 : -1;
}

void *web_tls_begin(struct web_tls *tls, void *session)
{
	struct terms *terms = tls->now;

	terms->users++;
	tls->lib.set_priorities(session, terms->priorities, NULL);
	tls->lib.set_credentials(session, GNUTLS_CRD_CERTIFICATE, terms->credentials);
	tls->lib.set_request(session, terms->request);
	if (terms->verify)
		tls->lib.set_verify(session, verify);
	return terms;
}

void web_tls_end(struct web_tls *tls, void *handle)
{
	terms_put(tls, handle);
}
