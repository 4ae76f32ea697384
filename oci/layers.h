/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eBPF objects in the layers of an ordinary container image, as a container would see them
 * (https://github.com/opencontainers/image-spec, layer.md): a file of a layer replaces that of the
 * layers below it, `.wh.NAME` removes NAME of them, and `.wh..wh..opq` all of a folder. Nothing is
 * unpacked; only objects are kept in memory.
 *
 *	struct layers layers = LAYERS_INIT(max_bytes);
 *	layers_add(&layers, bottom...), layers_add(&layers, next...)
 *	layers_object(&layers, &object, &len, err)
 */
#ifndef BOMBUS_OCI_LAYERS_H
#define BOMBUS_OCI_LAYERS_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct layers {
	size_t max_bytes; /* of all objects together */
	size_t bytes;
	uint64_t unpacked_bytes; /* of all layers, read or skipped */
	struct layers_object *objects;
	size_t count;
	unsigned layer; /* the number of the next one */
};
#define LAYERS_INIT(max)                                                                           \
	{                                                                                          \
		.max_bytes = (max)                                                                 \
	}

/* The limit of all unpacked layers, as a multiple of `max_bytes`: a small layer can unpack
 * to a terabyte, and skipping it takes time, too. */
#define LAYERS_MAX_RATIO 4

/* The next layer above: a tar, perhaps with gzip or zstd. An empty one is a layer. -EBADMSG: it is
 * damaged; -EFBIG: a limit. */
int layers_add(struct layers *layers, const void *bytes, size_t len, struct err *err);

/*
 * The object of this machine's byte order, malloc'ed. Files with the same content are one.
 * -ENOENT: there is none; -ENOTSUP: there are only those of the other byte order; -EBADMSG: there
 * are several.
 */
int layers_object(struct layers *layers, void **ret, size_t *ret_len, struct err *err);
void layers_release(struct layers *layers);

#endif
