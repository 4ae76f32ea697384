/* SPDX-License-Identifier: Apache-2.0 */
/* When to retry a request. Pure, except for random numbers. */
#ifndef BOMBUS_BASE_NET_RETRY_H
#define BOMBUS_BASE_NET_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* Upper bound on a pause while a user is waiting. */
#define RETRY_MAX_NS (60 * 1000000000ull)

/* Whether the same request may succeed after this HTTP status. */
bool retry_status(int status);

/*
 * The pause before try number `tries` (1: the first repetition): doubled each time, minus a random
 * half so that many clients do not return together; at least as long as Retry-After (seconds or an
 * HTTP date; NULL: none) asks for, without a limit.
 */
uint64_t retry_pause_ns(unsigned tries, const char *retry_after, uint64_t now_unix_ns);

#endif
