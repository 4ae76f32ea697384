/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again: pure, but for the dice. */
#ifndef BOMBUS_BASE_RETRY_H
#define BOMBUS_BASE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* More than this nobody waits for who is waited for himself. */
#define RETRY_MAX_NS (60 * 1000000000ull)

/* An answer after which the same request may succeed. */
bool retry_status(int status);

/*
 * The pause before try number `tries` (1: the first repetition): doubled each time, less a random
 * half so that many clients do not come back together; at least what Retry-After (seconds or an
 * HTTP date; NULL: none) asks for, however long that is.
 */
uint64_t retry_pause_ns(unsigned tries, const char *retry_after, uint64_t now_unix_ns);

#endif
