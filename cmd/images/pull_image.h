/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOMBUS_CMD_IMAGES_PULL_IMAGE_H
#define BOMBUS_CMD_IMAGES_PULL_IMAGE_H

#include "cmd/images/remote_args.h"

/* Pulls an image into the store, if the policy allows it (NULL: there is none), and reports it in
 * one line. */
int pull_image(const struct global_args *global, const struct remote_args *args, const char *name,
	       const char *platform, uint64_t max_bytes, const struct policy *policy,
	       struct err *err);

#endif
