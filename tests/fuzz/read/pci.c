// SPDX-License-Identifier: Apache-2.0
/* pci.ids of any bytes: each name lies in them. */
#include <stdlib.h>
#include "base/util.h"
#include "runner/read/text/pci.h"

static void check(const uint8_t *data, size_t size, const char *name, size_t len)
{
	if (name &&
	    (name < (const char *)data || len > size || name > (const char *)data + size - len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pci_ids *ids = pci_ids_new((const char *)data, size);
	const char *name;
	size_t len = 0;

	for (uint32_t i = 0; i < 16; i++) {
		uint32_t vendor = 0x8080 + i;

		name = pci_vendor(ids, vendor, &len);
		check(data, size, name, len);
		name = pci_device(ids, vendor, 0x1530 + i, &len);
		check(data, size, name, len);
		name = pci_class(ids, i, &len);
		check(data, size, name, len);
		name = pci_subclass(ids, i, i, &len);
		check(data, size, name, len);
	}
	pci_ids_free(ids);
	return 0;
}
