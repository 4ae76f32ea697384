// SPDX-License-Identifier: Apache-2.0
/* Objects as no compiler writes them, stripped, and what comes out once more. */
#include "base/util.h"
#include "runner/load/elf/strip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ void *once = NULL, *twice = NULL;
	size_t once_len = 0, twice_len = 0;

	elf_has_section(data, size, ".BTF");
	if (elf_strip(data, size, &once, &once_len, NULL) < 0)
		return 0;
	elf_strip(once, once_len, &twice, &twice_len, NULL);
	return 0;
}
