/* SPDX-License-Identifier: Apache-2.0 */
/* The document that `bombus inspect --format json` prints. */
#ifndef BOMBUS_CMD_IMAGES_INSPECT_JSON_H
#define BOMBUS_CMD_IMAGES_INSPECT_JSON_H

#include <stddef.h>

/* Of a signature that none of the given keys made. */
#define INSPECT_SIGNATURE_STATE "present, not verified"
#define INSPECT_SIGNATURE_VERIFIED "verified"

struct err;
struct image_info;
struct plan;

/* `image` is NULL for an object that is not from the store. */
int inspect_print_json(const char *name, size_t program_bytes, const struct image_info *image,
		       const struct plan *plan, struct err *err);

/* Of an image alone, whose program is elsewhere. */
int inspect_print_image_json(const struct image_info *image, struct err *err);

#endif
