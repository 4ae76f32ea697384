/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scraper is given, by the Accept headers of its request (RFC 9110, 12.4 and 12.5): pure
 * functions of their text. Bad or missing headers are no error, there is always an answer.
 */
#ifndef BOMBUS_RUNNER_SINK_PROMETHEUS_NEGOTIATE_H
#define BOMBUS_RUNNER_SINK_PROMETHEUS_NEGOTIATE_H

#include <stdbool.h>
#include "runner/sink/prometheus/expo.h"
#include "runner/sink/web/packer.h"

/*
 * The format that is wanted most; of those wanted equally the one that is named most precisely,
 * and then text before OpenMetrics before protobuf. What accepts none of them gets text. NULL: no
 * header. total_suffix: counters are called ..._total, without which there is no OpenMetrics.
 */
const struct expo_format *negotiate_format(const char *accept, bool total_suffix);

/* The coding that Accept-Encoding names and weighs most; gzip, which is the faster one, before
 * zstd. */
enum pack_form negotiate_coding(const char *accept_encoding, bool has_zstd);

#endif
