// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <errno.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/sink/mhd.h"

#define LIBRARY "libmicrohttpd.so.12"
#define PACKAGE "libmicrohttpd12"

int mhd_load(struct mhd *ret, struct err *err)
{
	struct mhd mhd = { .library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL) };
	const struct {
		const char *name;
		void *slot;
	} wanted[] = {
		{ "MHD_start_daemon", &mhd.start_daemon },
		{ "MHD_stop_daemon", &mhd.stop_daemon },
		{ "MHD_create_response_from_buffer", &mhd.response_from_buffer },
		{ "MHD_create_response_from_callback", &mhd.response_from_callback },
		{ "MHD_add_response_header", &mhd.add_header },
		{ "MHD_queue_response", &mhd.queue_response },
		{ "MHD_destroy_response", &mhd.destroy_response },
	};

	if (!mhd.library) {
		err_hint(err, "install the package " PACKAGE);
		return err_set(err, ENOENT, "cannot serve metrics: %s", dlerror());
	}
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		void *symbol = dlsym(mhd.library, wanted[i].name);

		if (!symbol) {
			dlclose(mhd.library);
			return err_set(err, ENOENT, "cannot serve metrics: " LIBRARY " has no %s",
				       wanted[i].name);
		}
		memcpy(wanted[i].slot, &symbol, sizeof(symbol));
	}
	*ret = mhd;
	return 0;
}

void mhd_unload(struct mhd *mhd)
{
	if (mhd->library)
		dlclose(mhd->library);
	*mhd = (struct mhd){ 0 };
}
