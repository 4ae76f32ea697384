/* SPDX-License-Identifier: Apache-2.0 */
/* Where the headers are that programs include: ours, and the kernel's types as vmlinux.h. */
#ifndef BOMBUS_CMD_AUTHOR_HEADERS_H
#define BOMBUS_CMD_AUTHOR_HEADERS_H

struct err;

/*
 * The folder that holds bombus/bombus.bpf.h: BOMBUS_INCLUDE, else `include` beside the folder that
 * bombus itself is in, else the place of installation. malloc'ed; NULL: none of them has it.
 */
char *headers_own(void);

/*
 * A folder that holds the vmlinux.h of a kernel's BTF (NULL: BOMBUS_VMLINUX_BTF, else the running
 * kernel's). It is written once and kept in the user's cache; where that cannot be written to, the
 * folder is a temporary one that headers_release() removes.
 */
struct headers {
	char *dir;
	char *temporary; /* to be removed; NULL: stays */
};
int headers_vmlinux(const char *btf_path, struct headers *ret, struct err *err);
void headers_release(struct headers *headers);

#endif
