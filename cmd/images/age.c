// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/age.h"

#include <time.h>

#include "base/util.h"

char *age_text(const char *rfc3339, uint64_t now_ns)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {
		{ 365 * 86400, "year" }, { 30 * 86400, "month" }, { 7 * 86400, "week" },
		{ 86400, "day" },	 { 3600, "hour" },	  { 60, "minute" },
		{ 1, "second" },
	};
	int64_t zone = 0, age;
	struct tm tm = { 0 };
	const char *rest = rfc3339 ? strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int hours = 0, minutes = 0;
	char sign = '+';

	if (!rest)
		return xstrdup("");
	rest += *rest == '.' ? 1 + strspn(rest + 1, "0123456789") : 0;
	if (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) == 3)
		zone = (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
	age = (int64_t)(now_ns / 1000000000) - (timegm(&tm) - zone);
	for (size_t i = 0; age > 0 && i < ARRAY_LEN(units); i++) {
		int64_t n = age / units[i].seconds;

		if (n)
			return xasprintf("%lld %s%s ago", (long long)n, units[i].name,
					 n == 1 ? "" : "s");
	}
	return xstrdup("just now");
}
