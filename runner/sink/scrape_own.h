/* SPDX-License-Identifier: Apache-2.0 */
/* What bombus exports about itself: families named bombus_..., after those of the program. */
#ifndef BOMBUS_RUNNER_SINK_SCRAPE_OWN_H
#define BOMBUS_RUNNER_SINK_SCRAPE_OWN_H

#include "runner/sink/expo.h"
#include "runner/sink/sink.h"

/* One of them, by number; false: there is none of this number. */
bool scrape_own(struct strbuf *dst, uint32_t nth, const struct sink_env *env,
		const struct expo_format *format);

#endif
