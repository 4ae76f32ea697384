/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOMBUS_CMD_IMAGES_AGE_H
#define BOMBUS_CMD_IMAGES_AGE_H

#include <stdint.h>

/* How long ago an RFC 3339 time was: "5 minutes ago"; "" when it is none. malloc'ed. */
char *age_text(const char *rfc3339, uint64_t now_ns);

#endif
