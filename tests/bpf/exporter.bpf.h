/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Maps of 64-bit values, as most programs of ebpf_exporter have. */
#ifndef TESTS_BPF_EXPORTER_H
#define TESTS_BPF_EXPORTER_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define MAP(name, map_type, entries, key_type)                                                     \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__uint(max_entries, entries);                                                      \
		__type(key, key_type);                                                             \
		__type(value, __u64);                                                              \
	} name SEC(".maps")

#endif
