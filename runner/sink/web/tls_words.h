/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions, cipher suites and curves, by the names of exporter-toolkit, as a priority string of
 * GnuTLS. GnuTLS chooses ciphers and key exchanges, not suites: a list that would admit a suite
 * which it does not name is an error.
 *
 * In TLS 1.3 a suite is a cipher alone; the ciphers of the list apply there, too.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_TLS_WORDS_H
#define BOMBUS_RUNNER_SINK_WEB_TLS_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/strbuf.h"

#define TLS_MAX_GROUPS 8

struct tls_words {
	uint8_t min_version, max_version; /* 0 to 3: TLS 1.0 to 1.3 */
	uint32_t suites;		  /* a bit each; 0: the library's choice */
	uint8_t groups[TLS_MAX_GROUPS];	  /* in the order they are preferred */
	uint8_t ngroups;
};

#define TLS_WORDS_INIT                                                                             \
	{                                                                                          \
		.min_version = 2, .max_version = 3                                                 \
	}

/* False: no such name. */
bool tls_version(const char *name, uint8_t *ret);
bool tls_add_suite(struct tls_words *words, const char *name);
bool tls_add_group(struct tls_words *words, const char *name); /* or too many */

/* The priority string, or why there is none: in words, of which the last may be a suite's name. */
bool tls_priorities(const struct tls_words *words, struct strbuf *dst, const char **ret_why,
		    const char **ret_suite);

#endif
