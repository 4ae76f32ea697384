/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd, loaded when it is needed: it brings a TLS library, whose cost a run without
 * metrics should not pay. It stays loaded until the process ends: the TLS library leaves handlers
 * and memory of each thread behind that would be unloaded under them.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_MHD_H
#define BOMBUS_RUNNER_SINK_WEB_MHD_H

#include <microhttpd.h>

struct err;

struct mhd {
	__typeof__(&MHD_start_daemon) start_daemon;
	__typeof__(&MHD_stop_daemon) stop_daemon;
	__typeof__(&MHD_quiesce_daemon) quiesce_daemon;
	__typeof__(&MHD_get_daemon_info) get_daemon_info;
	__typeof__(&MHD_is_feature_supported) has_feature;
	__typeof__(&MHD_create_response_from_buffer) response_from_buffer;
	__typeof__(&MHD_create_response_from_callback) response_from_callback;
	__typeof__(&MHD_add_response_header) add_header;
	__typeof__(&MHD_queue_response) queue_response;
	__typeof__(&MHD_destroy_response) destroy_response;
	__typeof__(&MHD_get_connection_values) get_values;
	__typeof__(&MHD_get_connection_info) get_info;
	__typeof__(&MHD_suspend_connection) suspend;
	__typeof__(&MHD_resume_connection) resume;
};

/* -ENOENT with the package's name as hint where it is not installed. */
int mhd_load(struct mhd *ret, struct err *err);

#endif
