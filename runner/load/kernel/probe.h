/* SPDX-License-Identifier: Apache-2.0 */
/* The trials behind features.c's table. */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_PROBE_H
#define BOMBUS_RUNNER_LOAD_KERNEL_PROBE_H

#include "runner/load/kernel/features.h"

struct btf;

/* Shared by the probes of one run. */
struct probe_ctx {
	struct btf *btf; /* the kernel's, from its first use on */
	bool btf_tried;
};
void probe_ctx_release(struct probe_ctx *ctx);

struct probe {
	const char *name, *group;
	void (*probe)(struct feature *f, const struct probe *probe, struct probe_ctx *ctx);
	int arg;	  /* a BPF_PROG_TYPE_*, BPF_MAP_TYPE_*, attach type or capability */
	const char *text; /* a hook's name, or what to do when it is not there */
	/* Looks at files only; NULL: the probe is cheap enough. */
	void (*quick)(struct feature *f, const struct probe *probe, struct probe_ctx *ctx);
};

#define PROBE(name) void name(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
PROBE(probe_prog);
PROBE(probe_tracepoint);
PROBE(probe_raw_tp);
PROBE(probe_btf_prog);
PROBE(probe_kprobe);
PROBE(probe_kprobe_files);
PROBE(probe_kprobe_multi);
PROBE(probe_uprobe);
PROBE(probe_uprobe_files);
PROBE(probe_perf_event);
PROBE(probe_perf_hardware);
PROBE(probe_tcx);
PROBE(probe_map);
PROBE(probe_batch);
PROBE(probe_memlock);
#undef PROBE

/* Puts the errno into words. */
void probe_errno(struct feature *f, int code);
/* Whether LSM programs that are attached also run. True when unknown. */
bool lsm_has_bpf(void);

#endif
