// SPDX-License-Identifier: Apache-2.0
/* Hostile debugger's data: the types of records are looked for in any bytes that are an object. */
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "runner/load/elf/elf.h"
#include "runner/load/elf/record_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image image = { 0 };

	libbpf_set_print(quiet);
	if (elf_merge_maps(data, size, &image, NULL) == 0)
		elf_find_records(&image);
	elf_image_release(&image);
	return 0;
}
