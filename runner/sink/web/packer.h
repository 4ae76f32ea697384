/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression of responses as they are made. gzip by ISA-L where it is installed, which takes about
 * a fifth of zlib's time, else by zlib; zstd by libzstd. The libraries are loaded once.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_PACKER_H
#define BOMBUS_RUNNER_SINK_WEB_PACKER_H

#include <stdbool.h>
#include <stddef.h>

enum pack_form { PACK_NONE, PACK_GZIP, PACK_ZSTD };
const char *pack_form_name(enum pack_form form); /* as in Content-Encoding */

struct packers;
struct packers *packers_new(bool load); /* false: gzip by zlib alone; nothing is loaded */
void packers_free(struct packers *packers);
bool packers_has_zstd(const struct packers *packers);

/* Input and output; both advance. */
struct pack_io {
	const char *in;
	size_t in_len;
	char *out;
	size_t out_len;
	bool last; /* nothing follows `in` */
};

/* One response. NULL: so many are being compressed that this one is sent as it is; memory stays
 * bounded. */
struct packer;
struct packer *packer_new(struct packers *packers, enum pack_form form);
void packer_free(struct packer *packer);

/* Takes and makes what fits. 1: the end is made; 0: there is more to come; -EIO. */
int packer_run(struct packer *packer, struct pack_io *io);

#endif
