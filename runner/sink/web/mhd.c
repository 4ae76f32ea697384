// SPDX-License-Identifier: Apache-2.0
#include "base/dynlib.h"
#include "base/util.h"
#include "runner/sink/web/mhd.h"

int mhd_load(struct mhd *ret, struct err *err)
{
	struct mhd mhd = { 0 };
	const struct dynlib_symbol symbols[] = {
		{ "MHD_start_daemon", &mhd.start_daemon },
		{ "MHD_stop_daemon", &mhd.stop_daemon },
		{ "MHD_quiesce_daemon", &mhd.quiesce_daemon },
		{ "MHD_get_daemon_info", &mhd.get_daemon_info },
		{ "MHD_is_feature_supported", &mhd.has_feature },
		{ "MHD_create_response_from_buffer", &mhd.response_from_buffer },
		{ "MHD_create_response_from_callback", &mhd.response_from_callback },
		{ "MHD_add_response_header", &mhd.add_header },
		{ "MHD_queue_response", &mhd.queue_response },
		{ "MHD_destroy_response", &mhd.destroy_response },
		{ "MHD_get_connection_values", &mhd.get_values },
		{ "MHD_get_connection_info", &mhd.get_info },
		{ "MHD_suspend_connection", &mhd.suspend },
		{ "MHD_resume_connection", &mhd.resume },
	};
	int code = dynlib_open(NULL, "libmicrohttpd.so.12", "libmicrohttpd12",
			       "cannot serve metrics", symbols, ARRAY_LEN(symbols), err);

	if (code == 0)
		*ret = mhd;
	return code;
}
