/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A perf_event program on every CPU that is online, also on those that come online later. The event
 * of a CPU that goes offline ends for good; when the CPU is back it gets another one.
 */
#ifndef BOMBUS_RUNNER_LOAD_ATTACH_SAMPLER_H
#define BOMBUS_RUNNER_LOAD_ATTACH_SAMPLER_H

#include <linux/perf_event.h>
#include <sys/types.h>

struct bpf_link;
struct bpf_program;
struct opener;
struct sampler;

/* `name` is the program's, for messages; the program is borrowed. */
struct sampler *sampler_new(const char *name, struct bpf_program *prog,
			    const struct perf_event_attr *attr);
void sampler_free(struct sampler *sampler);
/* The number of CPUs that are sampled now, or -errno. */
int sampler_start(struct sampler *sampler);
/* Samples CPUs that came online since, and says which and which could not be. */
void sampler_check(struct sampler *sampler);

/* From here on it opens the events; borrowed. */
void sampler_use_opener(struct sampler *sampler, struct opener *opener);

/* One event that runs the program, on a thread. -ESRCH: that is not there. */
int sampler_open(struct bpf_program *prog, struct perf_event_attr *attr, pid_t pid,
		 struct bpf_link **ret);

#endif
