// SPDX-License-Identifier: Apache-2.0
#include "base/late.h"

#include <dlfcn.h>
#include <errno.h>

#include "base/err.h"
#include "base/util.h"

int late_load(const char *library, const char *package, const char *purpose,
	      const struct late_symbol *symbols, size_t count, struct err *err)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (!handle) {
		err_hint(err, "install the package %s", package);
		return err_set(err, ENOENT, "%s: %s", purpose, dlerror());
	}
	for (size_t i = 0; i < count; i++) {
		void *symbol = dlsym(handle, symbols[i].name);

		if (!symbol) {
			dlclose(handle);
			return err_set(err, ENOENT, "%s: %s has no %s", purpose, library,
				       symbols[i].name);
		}
		memcpy(symbols[i].slot, &symbol, sizeof(symbol));
	}
	/* One count less; RTLD_NODELETE keeps it where it is. */
	dlclose(handle);
	return 0;
}
