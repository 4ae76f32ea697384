/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a field's chain of decoders (runner/load/decode/decoders.h): bytes in, text out. It is done
 * when something is shown or scraped, never for each record.
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_DECODING_H
#define BOMBUS_RUNNER_READ_TEXT_DECODING_H

#include "runner/load/decode/decoders.h"

struct resolver;

/* The text of these bytes, without NUL, in dst of DECODE_MAX bytes; its length. -1: no expression
 * matches, so that the series or record is left out. `resolver` may be NULL: nothing has a name. */
int decoding_run(const struct decoder_chain *chain, const uint8_t *bytes, uint32_t len,
		 struct resolver *resolver, char *dst);

/* Whether one of the layout's fields leaves this record out. */
bool decoding_drops(const struct layout *layout, const void *base, struct resolver *resolver);

#endif
