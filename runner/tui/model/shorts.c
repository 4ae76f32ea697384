// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/shorts.h"

#include "base/num.h"
#include "base/util.h"

size_t short_commas(char dst[SHORT_ROOM], uint64_t value)
{
	char digits[NUM_U64_ROOM];
	size_t n = num_u64(digits, value), len = 0;

	for (size_t i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			dst[len++] = ',';
		dst[len++] = digits[i];
	}
	dst[len] = '\0';
	return len;
}

size_t short_scaled(char dst[SHORT_ROOM], double value)
{
	static const char units[] = " kMGTPE";
	size_t unit = 0;
	int n;

	if (!(value > 0))
		value = 0;
	while (value >= 999.5 && units[unit + 1]) {
		value /= 1000;
		unit++;
	}
	if (!unit && value >= 0.995 && value < 9.95 && value != (double)(uint64_t)value)
		n = snprintf(dst, SHORT_ROOM, "%.1f", value);
	else if (!unit)
		n = snprintf(dst, SHORT_ROOM, "%.*f", value && value < 0.995 ? 2 : 0, value);
	else
		n = snprintf(dst, SHORT_ROOM, "%.*f%c", value < 99.95, value, units[unit]);
	return (size_t)n;
}
