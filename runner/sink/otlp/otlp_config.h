/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where OTLP goes and how, from the command line and the OTEL_* variables of OpenTelemetry's
 * specification. Pure: the variables come through a function.
 *
 * Rules of the variables: an empty one counts as not set; of booleans only "true" (in any case) is
 * true; times are milliseconds; OTEL_EXPORTER_OTLP_TRACES_X wins over OTEL_EXPORTER_OTLP_X. A
 * signal's own endpoint is used as it is, the common one gets v1/traces, v1/metrics or v1/logs
 * appended. Over gRPC only scheme, host and port of an endpoint count. The command line wins over
 * all of them. A value that cannot be honoured is an error that names its variable.
 *
 * A signal is on when the command line says --otlp, when the common endpoint or its own is set,
 * and OTEL_<SIGNAL>_EXPORTER does not say "none". OTEL_SDK_DISABLED=true turns off what only
 * variables turned on. While nothing is on no other variable is looked at.
 */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_CONFIG_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"

struct err;

enum otlp_signal { OTLP_TRACES, OTLP_METRICS, OTLP_LOGS };
#define OTLP_SIGNALS 3

enum otlp_protocol { OTLP_HTTP_PROTOBUF, OTLP_HTTP_JSON, OTLP_GRPC };

enum otlp_temporality {
	OTLP_CUMULATIVE,
	OTLP_DELTA,
	OTLP_LOWMEMORY, /* delta where records are counted here, cumulative where maps are read */
};

/* OTEL_*_LIMIT; UINT64_MAX: none. */
struct otlp_limits {
	uint64_t value_chars, count;
};

struct otlp_target {
	bool on;
	uint8_t protocol; /* enum otlp_protocol */
	bool gzip;
	const char *url;	    /* of the requests, whole */
	const char *const *headers; /* "Name: value", without those of the protocol */
	size_t nheaders;
	const char *ca_file, *cert_file, *key_file; /* NULL: none */
	uint64_t timeout_ms;			    /* of one request */
};

/* OTEL_BSP_* of traces, OTEL_BLRP_* of logs; metrics have the timeout and the interval alone. */
struct otlp_batching {
	uint64_t delay_ms;   /* metrics: between two exports */
	uint64_t give_up_ms; /* of a batch with all its tries */
	uint64_t max_queue_items, max_batch_items;
};

struct otlp_pair {
	const char *name, *value;
};

struct otlp_config {
	struct otlp_target targets[OTLP_SIGNALS];
	struct otlp_batching batching[OTLP_SIGNALS];
	uint8_t temporality;		   /* enum otlp_temporality */
	bool exponential_histograms;	   /* where the bounds allow */
	const char *sampler, *sampler_arg; /* as they were set; NULL: not */
	const char *service_name;	   /* OTEL_SERVICE_NAME; NULL: not set */
	const struct otlp_pair *resource;  /* OTEL_RESOURCE_ATTRIBUTES, decoded */
	size_t nresource;
	struct otlp_limits attributes, span_attributes, log_attributes;
	uint64_t max_span_events, max_span_links, max_event_attributes, max_link_attributes;
	struct arena arena;
};

struct otlp_flags {
	const char *url;      /* --otlp[=URL]: NULL not given, "" without a URL */
	const char *protocol; /* --otlp-protocol; NULL: not given */
};

/* getenv() for tests to replace; NULL: not set. */
typedef const char *(*otlp_getenv_fn)(void *ctx, const char *name);

/* Release it in any case. EXIT_USAGE, with the name of the variable or option. */
int otlp_config_read(struct otlp_config *ret, const struct otlp_flags *flags, otlp_getenv_fn get,
		     void *ctx, struct err *err);
void otlp_config_release(struct otlp_config *config);

bool otlp_config_is_on(const struct otlp_config *config);

/* A variable of this name (without '=') is one of OpenTelemetry's, and is not looked at here. */
bool otlp_variable_is_unknown(const char *name, size_t len);

/* "traces", "metrics", "logs" */
const char *otlp_signal_name(enum otlp_signal signal);

#endif
