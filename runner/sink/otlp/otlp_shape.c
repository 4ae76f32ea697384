// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/otlp/otlp_shape.h"

const struct otlp_shape otlp_spans_shape = { "traces", "resourceSpans", "scopeSpans", "spans",
					     false };
const struct otlp_shape otlp_logs_shape = { "logs", "resourceLogs", "scopeLogs", "logRecords",
					    false };
const struct otlp_shape otlp_metrics_shape = { "metrics", "resourceMetrics", "scopeMetrics",
					       "metrics", true };
