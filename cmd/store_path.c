// SPDX-License-Identifier: Apache-2.0
#include "cmd/store_path.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/home.h"
#include "base/util.h"
#include "cmd/cmd.h"

char *store_path(const struct global_args *global)
{
	const char *env = getenv("BOMBUS_STORE"), *data = getenv("XDG_DATA_HOME");
	_cleanup_free_ char *home = NULL;

	if (global->store)
		return xstrdup(global->store);
	if (env && *env)
		return xstrdup(env);
	if (geteuid() == 0)
		return xstrdup(ROOT_STORE);
	if (data && *data == '/')
		return xasprintf("%s/bombus/store", data);
	home = home_dir();
	return xasprintf("%s/.local/share/bombus/store", home ? home : ".");
}
