/* SPDX-License-Identifier: Apache-2.0 */
/* Where one signal goes, and how, from its variables. */
#ifndef BOMBUS_RUNNER_SINK_OTLP_OTLP_TARGET_H
#define BOMBUS_RUNNER_SINK_OTLP_OTLP_TARGET_H

#include "runner/sink/otlp/otlp_variables.h"

int otlp_read_target(const struct otlp_reader *r, enum otlp_signal signal);

#endif
