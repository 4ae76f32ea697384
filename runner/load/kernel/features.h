/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The features of this kernel, found by trying them: small programs loaded and, where
 * that is harmless, attached; files looked at. And why a refusal happened, in words.
 */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_FEATURES_H
#define BOMBUS_RUNNER_LOAD_KERNEL_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include "runner/load/plan/plan.h"

struct err;

struct feature {
	const char *name;  /* "btf", "ringbuf", "fentry", "kprobe", "kprobe.multi", "batch", ... */
	const char *group; /* "kernel", "program types", "maps", "privileges", "mounts" */
	bool ok;
	char reason[192]; /* why not, and what to do; or a detail ("5.8 MB", "cgroup2 at ...") */
};

/* Fills at most `max`; returns how many there are. Never fails: what cannot be tried says so. */
size_t features_probe(struct feature *ret, size_t max);

/* One feature by name; false when unknown. Cheap: used while explaining refusals. */
bool feature_get(const char *name, struct feature *ret);
/* As feature_get(), but tries the feature where feature_get() only looks at files. */
bool feature_try(const char *name, struct feature *ret);

/*
 * Turns a refusal into err: program, hook, cause by name (no kprobes in this kernel; a security
 * module forbids fentry; no BTF; function not found, with the nearest names; needs CAP_BPF ...),
 * a hint, and the verifier's last lines. `btf` is a file with the kernel's types, where one was
 * given. Returns code (negative).
 */
int explain_load(const struct prog_plan *prog, int code, const char *verifier_log, const char *btf,
		 struct err *err);
int explain_attach(const struct prog_plan *prog, int code, struct err *err);

/*
 * For `bombus check IMAGE`: would this program load and attach here, judged without attaching?
 * True with a detail or false with a reason, in text.
 */
bool explain_expect(const struct prog_plan *prog, char *text, size_t size);

#endif
