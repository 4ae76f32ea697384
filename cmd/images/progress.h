/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs on their way: a bar each on a terminal, a line each elsewhere, nothing when quiet. */
#ifndef BOMBUS_CMD_IMAGES_PROGRESS_H
#define BOMBUS_CMD_IMAGES_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress;

struct progress *progress_new(bool quiet);
void progress_free(struct progress *progress); /* takes the bars away */

/* A registry_progress; ctx is the struct progress. */
void progress_show(void *ctx, const char *digest, uint64_t done, uint64_t total);

#endif
