/* SPDX-License-Identifier: Apache-2.0 */
/* The images of this machine, by name. */
#ifndef BOMBUS_CMD_IMAGES_IMAGES_H
#define BOMBUS_CMD_IMAGES_IMAGES_H

#include <stddef.h>
#include "oci/image.h"

struct err;
struct global_args;

struct images {
	struct image_info *infos;
	size_t count;
};

void images_release(struct images *images);
/* Of a store, without signatures, which are there only for their images. */
int images_read(const char *store, struct images *images, struct err *err);
/* Those that `run` finds by a short name: of the user's store, and behind them those that were
 * installed with bombus. `ret` is empty before. */
int images_available(struct images *ret, const struct global_args *global, struct err *err);

const char *image_description(const struct image_info *info); /* "": none */

#endif
