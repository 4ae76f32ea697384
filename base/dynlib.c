// SPDX-License-Identifier: Apache-2.0
#include "base/dynlib.h"

#include <dlfcn.h>
#include <errno.h>

#include "base/err.h"
#include "base/util.h"

int dynlib_open(void **ret, const char *library, const char *package, const char *what,
		const struct dynlib_symbol *symbols, size_t count, struct err *err)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		err_hint(err, "install the package %s", package);
		return err_set(err, ENOENT, "%s: %s", what, dlerror());
	}
	for (size_t i = 0; i < count; i++) {
		void *symbol = dlsym(handle, symbols[i].name);

		if (!symbol) {
			dlclose(handle);
			return err_set(err, ENOENT, "%s: %s has no %s", what, library,
				       symbols[i].name);
		}
		memcpy(symbols[i].slot, &symbol, sizeof(symbol));
	}
	if (ret)
		*ret = handle;
	return 0;
}

void dynlib_close(void *library)
{
	if (library)
		dlclose(library);
}
