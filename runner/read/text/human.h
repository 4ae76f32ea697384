/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantities as people read them, three digits or so. Nothing here is meant to be read back.
 * Each returns the bytes written and writes no NUL; dst has HUMAN_ROOM bytes.
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_HUMAN_H
#define BOMBUS_RUNNER_READ_TEXT_HUMAN_H

#include <stddef.h>
#include <stdint.h>

#define HUMAN_ROOM 32

/* value * unit_ns: "0", "512ns", "1.22us", "12.2ms", "59.9s", "2m03s", "1h02m", "3d04h". A value
 * that is shown in its own unit has no digits behind the point: there are none to show. */
size_t human_duration(char *dst, uint64_t value, uint64_t unit_ns);
/* "0 B", "1023 B", "1.2 MiB". */
size_t human_bytes(char *dst, uint64_t bytes);
/* Local time of day: "12:04:31.918377". */
size_t human_clock(char *dst, uint64_t unix_ns);

#endif
