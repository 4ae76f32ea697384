// SPDX-License-Identifier: Apache-2.0
#include "cmd/store_path.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/home.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "oci/image.h"

#define SYSTEM_STORE "share/bombus/images"

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

char *system_store_path(void)
{
	_cleanup_free_ char *path = beside_program(SYSTEM_STORE);

	return path && may_access(path, F_OK) == 0 ? steal_ptr(&path) : NULL;
}

char *store_of_image(const struct global_args *global, const char *name)
{
	_cleanup_free_ char *own = store_path(global), *system = NULL;

	if (!image_missing(own, name))
		return steal_ptr(&own);
	system = system_store_path();
	return system && !image_missing(system, name) ? steal_ptr(&system) : steal_ptr(&own);
}

int export_images(const struct global_args *global, const char *const *names, size_t count,
		  const char *to, struct err *err)
{
	_cleanup_free_ struct image_place *images = xcalloc(count, sizeof(*images));
	int rc;

	for (size_t i = 0; i < count; i++)
		images[i] = (struct image_place){ store_of_image(global, names[i]), names[i] };
	rc = image_export(images, count, to, err);
	for (size_t i = 0; i < count; i++)
		free((char *)images[i].store);
	return rc;
}
