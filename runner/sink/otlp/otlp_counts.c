// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/otlp/otlp_counts.h"

const char *otlp_drop_name(enum otlp_drop reason)
{
	static const char *const names[] = {
		[OTLP_DROP_QUEUE_FULL] = "queue_full",	 [OTLP_DROP_TOO_LARGE] = "too_large",
		[OTLP_DROP_REJECTED] = "rejected",	 [OTLP_DROP_PARTIAL] = "partial",
		[OTLP_DROP_TIMEOUT] = "timeout",	 [OTLP_DROP_UNSENT] = "unsent_at_exit",
		[OTLP_DROP_UNSUPPORTED] = "unsupported",
	};

	return names[reason];
}
