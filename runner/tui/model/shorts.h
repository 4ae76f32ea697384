/* SPDX-License-Identifier: Apache-2.0 */
/* Short forms of numbers for tables. Each returns its bytes, without the NUL at their end. */
#ifndef BOMBUS_RUNNER_TUI_MODEL_SHORTS_H
#define BOMBUS_RUNNER_TUI_MODEL_SHORTS_H

#include <stddef.h>
#include <stdint.h>

#define SHORT_ROOM 32

size_t short_commas(char dst[SHORT_ROOM], uint64_t value); /* "182,440" */
/* "0", "0.05", "7.5", "98", "182", "12.4k", "3.1M" */
size_t short_scaled(char dst[SHORT_ROOM], double value);

#endif
