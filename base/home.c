// SPDX-License-Identifier: Apache-2.0
#include "base/home.h"

#include <limits.h>
#include <pwd.h>

#include "base/util.h"

#define ENTRY_BYTES (64u << 10)

/* Services and cron jobs often run without $HOME. */
char *home_dir(void)
{
	const char *env = getenv("HOME");
	_cleanup_free_ char *room = NULL;
	struct passwd entry, *found = NULL;

	if (env && *env == '/')
		return xstrdup(env);
	room = xmalloc(ENTRY_BYTES);
	if (getpwuid_r(geteuid(), &entry, room, ENTRY_BYTES, &found) != 0 || !found ||
	    !found->pw_dir || *found->pw_dir != '/')
		return NULL;
	return xstrdup(found->pw_dir);
}

char *beside_program(const char *name)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	for (int up = 0; len > 0 && up < 2; up++) {
		path[len] = '\0';
		char *slash = strrchr(path, '/');

		len = slash ? slash - path : 0;
	}
	return len > 0 ? xasprintf("%.*s/%s", (int)len, path, name) : NULL;
}
