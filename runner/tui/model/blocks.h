/* SPDX-License-Identifier: Apache-2.0 */
/* Bars and sparklines as text, in block characters or in ASCII. */
#ifndef BOMBUS_RUNNER_TUI_MODEL_BLOCKS_H
#define BOMBUS_RUNNER_TUI_MODEL_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCKS_ROOM(cells) (3 * (size_t)(cells) + 1)

/* `count` samples, one cell each, scaled to the largest. Returns the bytes, without the NUL at
 * their end. */
size_t blocks_spark(char *dst, const float *samples, uint32_t count, bool utf8);
/* A bar of part * cells, in eighths of a cell with block characters; *ret_cells: cells used. */
size_t blocks_bar(char *dst, double part, uint32_t cells, bool utf8, uint32_t *ret_cells);
/* One cell of a heat map: 0 .. HEAT_MAX as " ░▒▓█" or " .:-=+*#@"; for mono and ASCII. */
const char *blocks_heat(uint8_t heat, bool utf8);

#endif
