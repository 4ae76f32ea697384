// SPDX-License-Identifier: Apache-2.0
/*
 * Where in an image the program is. Several tools pack programs, each in a way of its own; what a
 * layer says of itself counts, never its place.
 */
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/image_internal.h"
#include "oci/layers.h"

enum layer_kind { LAYER_OTHER, LAYER_PROGRAM, LAYER_TAR, LAYER_WASM };

static const struct {
	const char *media_type;
	enum layer_kind kind;
	const char *packer; /* NULL: it could be anybody */
} layer_types[] = {
	{ MEDIA_EBPF_PROGRAM, LAYER_PROGRAM, "bombus" },
	{ "application/vnd.gadget.ebpf.program.v1+binary", LAYER_PROGRAM, "Inspektor Gadget" },
	{ "application/vnd.gadget.wasm.program.v1+binary", LAYER_WASM, "Inspektor Gadget" },
	{ "application/vnd.oci.image.layer.v1.tar", LAYER_TAR, "bpfman" },
	{ "application/vnd.oci.image.layer.v1.tar+gzip", LAYER_TAR, "bpfman" },
	{ "application/vnd.oci.image.layer.v1.tar+zstd", LAYER_TAR, "bpfman" },
	{ "application/vnd.docker.image.rootfs.diff.tar", LAYER_TAR, "bpfman" },
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", LAYER_TAR, "bpfman" },
	{ "application/wasm", LAYER_WASM, NULL },
	{ "application/vnd.wasm.content.layer.v1+wasm", LAYER_WASM, NULL },
	{ "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm", LAYER_WASM, NULL },
};

static enum layer_kind kind_of(const char *media_type, const char *title, const char **ret_packer)
{
	for (size_t i = 0; i < ARRAY_LEN(layer_types); i++)
		if (streq(layer_types[i].media_type, media_type)) {
			*ret_packer = layer_types[i].packer;
			return layer_types[i].kind;
		}
	*ret_packer = NULL;
	return title && streq(title, TITLE_EBPF_PROGRAM) ? LAYER_PROGRAM : LAYER_OTHER;
}

const char *image_format(const struct image_info *info)
{
	const char *packer = NULL;

	for (size_t i = 0; i < info->nlayers && !packer; i++)
		kind_of(info->layers[i].media_type, info->layers[i].title, &packer);
	return packer;
}

/* What speaks against it, from the layers alone; 0: nothing does. */
static int judge(const enum layer_kind *kinds, const uint64_t *sizes, size_t count,
		 const char *first_type, struct err *err)
{
	size_t of_kind[LAYER_WASM + 1] = { 0 };
	uint64_t tar_bytes = 0;

	for (size_t i = 0; i < count; i++) {
		of_kind[kinds[i]]++;
		if (kinds[i] == LAYER_TAR &&
		    __builtin_add_overflow(tar_bytes, sizes[i], &tar_bytes))
			tar_bytes = UINT64_MAX;
	}
	if (of_kind[LAYER_PROGRAM] > 1)
		return err_set(err, EBADMSG, "it holds more than one program");
	if (of_kind[LAYER_PROGRAM])
		return 0;
	if (of_kind[LAYER_WASM])
		return err_set(err, ENOTSUP,
			       "it holds a WebAssembly program, and no eBPF program "
			       "that could run without it");
	if (of_kind[LAYER_TAR] && tar_bytes > IMAGE_MAX_PROGRAM_BYTES)
		return err_set(err, ENOTSUP,
			       "it is an ordinary container image, too large to be "
			       "an eBPF program");
	if (of_kind[LAYER_TAR])
		return 0;
	if (count)
		return err_set(err, ENOTSUP, "it holds no eBPF program: its first layer is '%s'",
			       first_type);
	return err_set(err, ENOTSUP, "it holds no eBPF program: it has no layer");
}

int image_check_runs(const struct manifest *m, struct err *err)
{
	_cleanup_free_ enum layer_kind *kinds = xcalloc(m->nlayers + 1, sizeof(*kinds));
	_cleanup_free_ uint64_t *sizes = xcalloc(m->nlayers + 1, sizeof(*sizes));
	const char *packer;

	for (size_t i = 0; i < m->nlayers; i++) {
		const struct descriptor *d = &m->layers[i];

		kinds[i] = kind_of(d->media_type,
				   annotation_get(d->annotations, d->nannotations, NOTE_TITLE),
				   &packer);
		sizes[i] = d->size_bytes;
	}
	return judge(kinds, sizes, m->nlayers, m->nlayers ? m->layers[0].media_type : "", err);
}

/* The only one of its kind, after judge(). */
static int read_raw(struct store *store, const struct image_layer *layer, void **ret,
		    size_t *ret_len, struct err *err)
{
	int rc = store_get_blob(store, layer->digest, layer->size_bytes, IMAGE_MAX_PROGRAM_BYTES,
				ret, err);

	if (rc == 0)
		*ret_len = layer->size_bytes;
	return rc;
}

static int read_tars(struct store *store, const struct image_info *info,
		     const enum layer_kind *kinds, void **ret, size_t *ret_len, struct err *err)
{
	_cleanup_(layers_release) struct layers layers = LAYERS_INIT(IMAGE_MAX_PROGRAM_BYTES);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < info->nlayers; i++) {
		const struct image_layer *layer = &info->layers[i];
		_cleanup_free_ void *bytes = NULL;

		if (kinds[i] != LAYER_TAR)
			continue;
		rc = store_get_blob(store, layer->digest, layer->size_bytes,
				    IMAGE_MAX_PROGRAM_BYTES, &bytes, err);
		if (rc == 0)
			rc = layers_add(&layers, bytes, layer->size_bytes, err);
		if (rc < 0)
			return rc;
	}
	rc = layers_object(&layers, ret, ret_len, err);
	if (rc == -ENOENT)
		rc = err_set(err, ENOTSUP,
			     "it is an ordinary container image: no eBPF object is "
			     "in it");
	return rc;
}

static int read_program(struct store *store, const struct image_info *info, void **ret,
			size_t *ret_len, struct err *err)
{
	_cleanup_free_ enum layer_kind *kinds = xcalloc(info->nlayers + 1, sizeof(*kinds));
	_cleanup_free_ uint64_t *sizes = xcalloc(info->nlayers + 1, sizeof(*sizes));
	const char *packer;
	int rc;

	for (size_t i = 0; i < info->nlayers; i++) {
		kinds[i] = kind_of(info->layers[i].media_type, info->layers[i].title, &packer);
		sizes[i] = info->layers[i].size_bytes;
	}
	rc = judge(kinds, sizes, info->nlayers, info->nlayers ? info->layers[0].media_type : "",
		   err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < info->nlayers; i++)
		if (kinds[i] == LAYER_PROGRAM)
			return read_raw(store, &info->layers[i], ret, ret_len, err);
	return read_tars(store, info, kinds, ret, ret_len, err);
}

int image_program(const char *path, const struct image_info *info, void **ret, size_t *ret_len,
		  struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	int rc = store_open_read(&store, path, err);

	if (rc == 0)
		rc = read_program(store, info, ret, ret_len, err);
	if (rc < 0) {
		err_wrap(err, "%s", info->name);
		/* The name was found: what is missing is a part of the image. */
		return rc == -ENOENT ? -EBADMSG : rc;
	}
	return 0;
}

int image_text(const char *path, const struct image_info *info, const char *media_type, char **ret,
	       size_t *ret_len, struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	int rc = store_open_read(&store, path, err);

	for (size_t i = 0; rc == 0 && i < info->nlayers; i++) {
		const struct image_layer *layer = &info->layers[i];

		if (!streq(layer->media_type, media_type))
			continue;
		rc = store_get_blob(store, layer->digest, layer->size_bytes,
				    IMAGE_MAX_PROGRAM_BYTES, (void **)ret, err);
		if (rc == 0)
			*ret_len = layer->size_bytes;
		return rc;
	}
	return rc < 0 ? rc : err_set(err, ENOENT, "%s has no layer '%s'", info->name, media_type);
}
