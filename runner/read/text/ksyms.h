/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's functions by address, from /proc/kallsyms. The table is made when the first name is
 * asked for: about 14 bytes and the name for each function, some 3 MB for a usual kernel, 64 MB at
 * most. The file is opened at once, since who opened it decides whether it shows addresses.
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_KSYMS_H
#define BOMBUS_RUNNER_READ_TEXT_KSYMS_H

#include <stdbool.h>
#include <stdint.h>

#define KSYM_MAX 512 /* of a name with its offset, NUL included */

struct ksyms;

struct ksyms *ksyms_new(void);
void ksyms_free(struct ksyms *ksyms);

/* "tcp_v4_rcv", or "tcp_v4_rcv+0x50" where the address is not its first; with_module:
 * "nft_do_chain+0x3 [nf_tables]" in a module. False: the address is in no function, or the kernel
 * hides them. */
bool ksyms_name(struct ksyms *ksyms, uint64_t addr, bool with_module, char text[KSYM_MAX]);

#endif
