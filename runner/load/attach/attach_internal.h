/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by attach.c and its parts for families of hooks. */
#ifndef BOMBUS_RUNNER_LOAD_ATTACH_ATTACH_INTERNAL_H
#define BOMBUS_RUNNER_LOAD_ATTACH_ATTACH_INTERNAL_H

#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include "runner/load/attach/attach.h"
#include "runner/load/plan/hook.h"

/*
 * Options for libbpf, all zero but their size. LIBBPF_OPTS() leaves the padding behind the last
 * member to the compiler, and libbpf refuses a call where it is not zero: with clang it is not.
 */
#define opts_init(opts) (memset((opts), 0, sizeof(*(opts))), (opts)->sz = sizeof(*(opts)))

#define TARGET_FILES_MAX 16

/* One --attach word, taken apart: "HEAD,pid=1,period=1000". */
struct target {
	char *head;	 /* before the options, "" when there are only options; malloc'ed */
	int64_t pid;	 /* -1: every process */
	uint64_t period; /* 0: not given */
	bool none;	 /* the word "none" */
	/* Processes whose files and libraries are meant, the last one first; all processes that use
	 * these are followed. */
	int64_t files[TARGET_FILES_MAX];
	size_t nfiles;
};
int target_parse(const char *word, struct target *ret, struct err *err);
void target_release(struct target *target);
/* EXIT_USAGE: "program 'x' (section): WHAT", with the form of its targets as hint. */
int target_usage(const struct prog_plan *plan, const struct hook_type *type, const char *what,
		 struct err *err);

/* One program on its way to one target. */
struct attach_job {
	struct attachments *list;
	struct bpf_object *obj;
	struct bpf_program *prog;
	const struct prog_plan *plan; /* ->target is the one at hand */
	const struct hook_type *type;
	const char *text;     /* the target: the command line's, else the section's */
	bool given;	      /* by --attach */
	struct target target; /* `text`, taken apart */
};

/* Each takes the thing over. `link` may be NULL or an error: then -errno of it is returned. */
int attachments_add_link(struct attach_job *job, struct bpf_link *link);
void attachments_add_fd(struct attach_job *job, int fd, bool is_link);
/* Events on every CPU. */
struct sampler;
void attachments_add_sampler(struct attach_job *job, struct sampler *sampler);
/* A child that detaches when this end of the socket is shut, and closes the other one then. */
void attachments_add_guard(struct attach_job *job, pid_t child, int fd, unsigned ifindex);

/* Each returns 0, or -errno with err set. */
int attach_user(struct attach_job *job, struct err *err);
/* False: the section's library is not on this machine; `reason` says so. */
bool user_library_exists(const char *section_target, char *reason, size_t size);
/* Whether the object's argument specs are those that libbpf writes. */
int usdt_check(struct bpf_object *obj, const struct prog_plan *plan, struct err *err);
int attach_perf_event(struct attach_job *job, struct err *err);
int attach_xdp(struct attach_job *job, struct err *err);
int attach_tc(struct attach_job *job, struct err *err);
/* The way of attach_tc() where tcx is unknown. */
int attach_tc_clsact(struct attach_job *job, int prog_fd, unsigned ifindex, bool egress,
		     struct err *err);
/* Whether the clsact qdisc has any filter, ours or not. When in doubt: yes. */
bool tc_has_filters(unsigned ifindex, bool egress);
int attach_cgroup(struct attach_job *job, struct err *err);
int attach_netns(struct attach_job *job, struct err *err);
int attach_socket(struct attach_job *job, struct err *err);

/* The index of an interface; EXIT_USAGE and the nearest name when there is none. */
int find_interface(const char *name, unsigned *ret, struct err *err);
#endif
