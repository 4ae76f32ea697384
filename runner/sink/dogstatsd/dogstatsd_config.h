/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where DogStatsD's metrics go and what all of them carry: the command line, then Datadog's
 * variables. An empty variable counts as unset.
 *
 *	address		--dogstatsd=ADDRESS, DD_DOGSTATSD_URL, DD_AGENT_HOST with
 *			DD_DOGSTATSD_PORT, 127.0.0.1:8125
 *	tags		--dogstatsd-tag, DD_TAGS (separated by commas or blanks), DD_ENV,
 *			DD_SERVICE, DD_VERSION, and DD_ENTITY_ID as dd.internal.entity_id
 *	container	the id in the path of our own cgroup, unless DD_ORIGIN_DETECTION_ENABLED
 *			is false
 *
 * Addresses: HOST, HOST:PORT, [IPV6]:PORT, PORT, udp://HOST:PORT, /PATH, unix://PATH (a datagram
 * socket or else a stream), unixgram://PATH, unixstream://PATH.
 */
#ifndef BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_CONFIG_H
#define BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_CONFIG_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define DOGSTATSD_UDP_BYTES 1432u /* fits an Ethernet frame, with room for a tunnel's header */
#define DOGSTATSD_UNIX_BYTES 8192u

enum dogstatsd_transport {
	DOGSTATSD_UDP,
	DOGSTATSD_UNIX, /* a datagram socket, or else a stream */
	DOGSTATSD_UNIXGRAM,
	DOGSTATSD_UNIXSTREAM,
};

struct dogstatsd_flags {
	const char *address; /* "": the variables decide */
	const char *const *tags;
	size_t ntags;
	uint64_t interval_ns;	 /* 0: 10 s, which is an agent's own */
	const char *histograms;	 /* "distribution" or "histogram"; NULL: the first */
	const char *cgroup_file; /* NULL: /proc/self/cgroup */
};

struct dogstatsd_config {
	enum dogstatsd_transport transport;
	char *host, *port; /* of UDP */
	char *path;	   /* of a Unix socket */
	char *tags;	   /* "env:prod,team:x"; "": none */
	char *container;   /* ""; none */
	uint64_t interval_ns;
	size_t max_bytes;    /* of a datagram */
	char histogram_type; /* 'd' or 'h' */
};

/* EXIT_USAGE where an address or a tag is not of these forms. */
int dogstatsd_config_read(struct dogstatsd_config *ret, const struct dogstatsd_flags *flags,
			  const char *(*get)(void *ctx, const char *name), void *ctx,
			  struct err *err);
void dogstatsd_config_release(struct dogstatsd_config *config);

#endif
