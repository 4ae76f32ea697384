// SPDX-License-Identifier: Apache-2.0
/* Layers of bytecode images: tar, gzip or zstd, as they come. Small limits, so that they are met.
 */
#include <elf.h>

#include "base/util.h"
#include "oci/layers.h"

#define MAX_OBJECT_BYTES (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(layers_release) struct layers layers = LAYERS_INIT(MAX_OBJECT_BYTES);
	void *object = NULL;
	size_t len = 0;

	/* Twice, so that a layer replaces and removes files of another. */
	if (layers_add(&layers, data, size, NULL) == 0 &&
	    layers_add(&layers, data, size, NULL) == 0 &&
	    layers_object(&layers, &object, &len, NULL) == 0) {
		if (len > MAX_OBJECT_BYTES || len < sizeof(Elf64_Ehdr) ||
		    memcmp(object, ELFMAG, SELFMAG) != 0)
			abort();
	}
	free(object);
	return 0;
}
