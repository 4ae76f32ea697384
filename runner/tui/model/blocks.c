// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/blocks.h"

#include "base/util.h"
#include "runner/tui/model/model.h"

#define LEVELS 8

static char *put(char *dst, const char *text)
{
	return stpcpy(dst, text);
}

size_t blocks_spark(char *dst, const float *samples, uint32_t count, bool utf8)
{
	static const char *const blocks[LEVELS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const ascii[LEVELS] = { "_", ".", ":", "-", "=", "+", "*", "#" };
	char *start = dst;
	float most = 0;

	for (uint32_t i = 0; i < count; i++)
		most = MAX(most, samples[i]);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t level = 0;

		/* The lowest level stands for zero alone. */
		if (samples[i] > 0)
			level = 1 + (uint32_t)(samples[i] / most * (LEVELS - 1.5f));
		dst = put(dst, (utf8 ? blocks : ascii)[MIN(level, LEVELS - 1u)]);
	}
	*dst = '\0';
	return (size_t)(dst - start);
}

size_t blocks_bar(char *dst, double part, uint32_t cells, bool utf8, uint32_t *ret_cells)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	double length = part > 0 ? MIN(part, 1.0) * cells : 0;
	uint32_t whole = (uint32_t)length, rest = (uint32_t)((length - whole) * LEVELS);
	char *start = dst;

	if (!utf8)
		whole = (uint32_t)(length + 0.5);
	/* A part above zero is always visible. */
	if (part > 0 && !whole && !(utf8 && rest) && cells) {
		whole = !utf8;
		rest = 1;
	}
	for (uint32_t i = 0; i < whole; i++)
		dst = put(dst, utf8 ? "█" : "#");
	*ret_cells = whole;
	if (utf8 && rest && whole < cells) {
		dst = put(dst, eighths[rest]);
		++*ret_cells;
	}
	*dst = '\0';
	return (size_t)(dst - start);
}

const char *blocks_heat(uint8_t heat, bool utf8)
{
	static const char *const blocks[HEAT_MAX + 1] = { " ", "░", "░", "▒", "▒",
							  "▓", "▓", "█", "█" };
	static const char *const ascii[HEAT_MAX + 1] = {
		" ", ".", ":", "-", "=", "+", "*", "#", "@"
	};

	return (utf8 ? blocks : ascii)[MIN(heat, (uint8_t)HEAT_MAX)];
}
