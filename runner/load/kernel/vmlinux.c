// SPDX-License-Identifier: Apache-2.0
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/kernel/bpflog.h"
#include "runner/load/kernel/vmlinux.h"

#define RUNNING_KERNEL "/sys/kernel/btf/vmlinux"

/* The attribute on every record is what makes plain member accesses relocatable. */
static const char HEAD[] = "#ifndef __VMLINUX_H__\n"
			   "#define __VMLINUX_H__\n"
			   "\n"
			   "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
			   "#pragma clang attribute push (__attribute__((preserve_access_index)), "
			   "apply_to = record)\n"
			   "#endif\n"
			   "\n";
static const char TAIL[] = "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
			   "#pragma clang attribute pop\n"
			   "#endif\n"
			   "\n"
			   "#endif /* __VMLINUX_H__ */\n";

static void print_to(void *ctx, const char *fmt, va_list args)
{
	vfprintf(ctx, fmt, args);
}

static void free_btf(struct btf **btf)
{
	btf__free(*btf);
}

static void free_dump(struct btf_dump **dump)
{
	btf_dump__free(*dump);
}

static int open_btf(const char *path, struct btf **ret, struct err *err)
{
	const char *from = path ? path : RUNNING_KERNEL;
	struct btf *btf = btf__parse(from, NULL);
	int rc = (int)libbpf_get_error(btf);

	if (rc == -ENOENT && !path) {
		err_hint(err, "a kernel with CONFIG_DEBUG_INFO_BTF=y has it; --vmlinux FILE reads "
			      "that of another kernel");
		return err_set(err, ENOENT, "this kernel has no BTF (%s)", from);
	}
	if (rc < 0)
		return err_sys(err, -rc, "BTF of %s", from);
	*ret = btf;
	return 0;
}

int vmlinux_write(FILE *out, const char *btf_path, struct err *err)
{
	_cleanup_(free_btf) struct btf *btf = NULL;
	_cleanup_(free_dump) struct btf_dump *dump = NULL;
	int rc;

	bpflog_quiet();
	rc = open_btf(btf_path, &btf, err);
	if (rc < 0)
		return rc;
	dump = btf_dump__new(btf, print_to, out, NULL);
	if (libbpf_get_error(dump)) {
		rc = (int)libbpf_get_error(dump);
		dump = NULL;
		return err_sys(err, -rc, "vmlinux.h");
	}
	fputs(HEAD, out);
	for (__u32 id = 1; id < btf__type_cnt(btf) && rc == 0; id++)
		rc = btf_dump__dump_type(dump, id);
	if (rc < 0)
		return err_sys(err, -rc, "vmlinux.h: a type of the kernel");
	fputs(TAIL, out);
	if (fflush(out) != 0 || ferror(out))
		return err_sys(err, errno ? errno : EIO, "writing vmlinux.h");
	return 0;
}

int vmlinux_check(const char *btf_path, struct err *err)
{
	struct btf *btf;

	bpflog_quiet();
	btf = btf__parse(btf_path, NULL);
	if (libbpf_get_error(btf) == 0) {
		btf__free(btf);
		return 0;
	}
	err_hint(err, "/sys/kernel/btf/vmlinux of a machine with this kernel, or a file of BTFHub, "
		      "unpacked");
	return err_set(err, EBADMSG, "there is no BTF in it");
}
