/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format and the coding of a response, by the Accept headers of its request (RFC 9110, 12.4 and
 * 12.5): pure functions of their text. Bad or missing headers are no error; there is always an
 * answer.
 */
#ifndef BOMBUS_RUNNER_SINK_PROMETHEUS_NEGOTIATE_H
#define BOMBUS_RUNNER_SINK_PROMETHEUS_NEGOTIATE_H

#include <stdbool.h>
#include "runner/sink/prometheus/expo.h"
#include "runner/sink/web/packer.h"

/*
 * The format with the highest weight; among equal weights the one that is named most precisely,
 * then text before OpenMetrics before protobuf. A header that accepts none of them gets text. NULL:
 * no header. total_suffix: counters' names end in _total, which OpenMetrics requires.
 */
const struct expo_format *negotiate_format(const char *accept, bool total_suffix);

/* The coding with the highest weight in Accept-Encoding, which must name it; among equal weights
 * gzip, which is faster. */
enum pack_form negotiate_coding(const char *accept_encoding, bool has_zstd);

#endif
