/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCE_DATE_EPOCH: the time that a reproducible image gets. */
#ifndef BOMBUS_CMD_SOURCE_DATE_H
#define BOMBUS_CMD_SOURCE_DATE_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* Whether a text is a time in seconds since 1970 that nanoseconds can express too. */
bool is_unix_time(const char *text, uint64_t *ret_s);

/* Seconds since 1970. 1: it is set; 0: it is not, and *ret stays as it was; EXIT_USAGE. */
int source_date(uint64_t *ret_unix_s, struct err *err);

#endif
