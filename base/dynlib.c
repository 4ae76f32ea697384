// SPDX-License-Identifier: Apache-2.0
#include "base/dynlib.h"

#include <dlfcn.h>
#include <errno.h>

#include "base/err.h"
#include "base/util.h"

const char *const dynlib_names[] = {
	"libarchive.so.13",
	"libcrypt.so.1",
	"libcurl.so.4",
	"libgnutls.so.30",
	"libisal.so.2",
	"libmicrohttpd.so.12",
	"libseccomp.so.2",
	"libsodium.so.23",
	"libyaml-0.so.2",
	"libzstd.so.1",
	NULL,
};

int dynlib_open(void **ret, const char *library, const char *package, const char *what,
		const struct dynlib_symbol *symbols, size_t count, struct err *err)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		const char *why = dlerror();

		/* The loader has no error numbers. A full table of files is no missing package. */
		if (strstr(why, strerror(EMFILE)) || strstr(why, strerror(ENFILE)))
			err_hint(err, "raise the limit of open files: ulimit -n");
		else if (strstr(why, "failed to map segment") || strstr(why, strerror(ENOMEM)))
			err_hint(err, "memory is out, or limited: ulimit -v");
		else
			err_hint(err, "install the package %s", package);
		return err_set(err, ENOENT, "%s: %s", what, why);
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
