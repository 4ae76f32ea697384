/* SPDX-License-Identifier: Apache-2.0 */
/* Variables as otlp_config.c and otlp_target.c read them. */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_VARIABLES_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_VARIABLES_H

#include "base/err.h"
#include "runner/sink/otlp/otlp_config.h"

#define OTLP_EXPORTER "OTEL_EXPORTER_OTLP_"
#define OTLP_NAME_MAX_BYTES 96
#define OTLP_MAX_MS (1000ull * 3600 * 24)

struct otlp_signal_words {
	const char *name, *upper, *path, *service;
};
extern const struct otlp_signal_words otlp_signal_words[OTLP_SIGNALS];

struct otlp_reader {
	struct otlp_config *config;
	const struct otlp_flags *flags;
	otlp_getenv_fn get;
	void *ctx;
	struct err *err;
};

/* A variable as it was found, with its name for the error. */
struct otlp_found {
	char name[OTLP_NAME_MAX_BYTES];
	const char *text; /* NULL: not set */
};

const char *otlp_read_variable(const struct otlp_reader *r, const char *name);
/* OTEL_EXPORTER_OTLP_<SIGNAL>_<word>, and without the signal. */
struct otlp_found otlp_read_own(const struct otlp_reader *r, enum otlp_signal signal,
				const char *word);
struct otlp_found otlp_read_common(const struct otlp_reader *r, const char *word);

bool otlp_is_true(const struct otlp_found *found);
/* These leave *ret as it is where the variable is not set. `known` is for the error. */
int otlp_choose(const struct otlp_reader *r, const struct otlp_found *found,
		const char *const *words, size_t count, const char *known, uint8_t *ret);
int otlp_read_number(const struct otlp_reader *r, const struct otlp_found *found, uint64_t min,
		     uint64_t max, uint64_t *ret);
/* name=value,name=value, percent-encoded. */
int otlp_read_pairs(const struct otlp_reader *r, const struct otlp_found *found,
		    const struct otlp_pair **ret, size_t *ret_count);

#endif
