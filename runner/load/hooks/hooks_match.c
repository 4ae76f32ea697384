// SPDX-License-Identifier: Apache-2.0
#include <fnmatch.h>

#include "base/util.h"
#include "runner/load/hooks/hooks_internal.h"

#define WILDCARDS "*?["

bool hooks_matches(const struct hooks_walk *walk, const char *section)
{
	const char *pattern = walk->query->pattern;

	if (!pattern)
		return true;
	if (walk->query->exact)
		return streq(section, pattern);
	if (!strpbrk(pattern, WILDCARDS))
		return strstr(section, pattern) != NULL;
	return fnmatch(pattern, section, 0) == 0;
}

/* Reading BTF and symbols for a pattern of tracepoints would be a waste. */
bool hooks_wants_kind(const struct hooks_walk *walk, const char *kind)
{
	const char *pattern = walk->query->pattern;
	size_t len = pattern ? strcspn(pattern, WILDCARDS "/") : 0;

	if (!pattern || pattern[len] != '/')
		return !pattern || !walk->query->exact;
	return strlen(kind) == len && memcmp(kind, pattern, len) == 0;
}
