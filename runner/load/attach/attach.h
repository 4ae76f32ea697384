/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a loaded program to a running one. What libbpf attaches by the section's name is left to
 * it; this adds targets from the command line, and the kinds that libbpf leaves to its caller.
 *
 *	attach_declare()	after open: the types of sections that libbpf does not know
 *	attach_prepare()	before load: targets checked, BTF targets set
 *	attach_possible()	before load: looks at files that may rule the program out
 *	attach_program()	after load
 *	attachments_free()	detaches everything
 *
 * Each attachment hangs on a file descriptor of this process (or, for the tc filters of kernels
 * before 6.6, on a guard process that outlives it by an instant), so that nothing stays behind
 * however the process ends.
 *
 * Targets are the words of --attach, see hook.h for their forms. Options follow a comma:
 * "/bin/bash:readline,pid=123". "none" loads a program without attaching it.
 */
#ifndef BOMBUS_RUNNER_LOAD_ATTACH_ATTACH_H
#define BOMBUS_RUNNER_LOAD_ATTACH_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include "runner/load/attach/object.h"

struct bpf_object;
struct bpf_program;
struct bpf_link;
struct attachments;

struct attachments *attachments_new(void);
void attachments_free(struct attachments *list);
/* Detaches all programs but iterators: these run only when they are read, and are read once more at
 * the end. */
void attachments_detach(struct attachments *list);
bool attachments_has(const struct attachments *list, uint32_t prog_index);
/* The link of the program's first attachment, -1 when it has none. */
int attachments_link_fd(const struct attachments *list, uint32_t prog_index);

/* Whether one of the program's attachments was severed from outside: its link was
 * detached, or its interface, cgroup or network namespace is gone. */
bool attachments_severed(const struct attachments *list, uint32_t prog_index);

/* Once in a while: samples CPUs that came online since. */
void attachments_check_cpus(struct attachments *list);
/* It opens the events of CPUs that come online; borrowed. */
struct opener;
void attachments_use_opener(struct attachments *list, struct opener *opener);

/* Calls `give` for each descriptor that another process may take over, see handed.h. True: there is
 * more, which only this process can hold. */
struct handed;
bool attachments_hand_over(const struct attachments *list,
			   void (*give)(void *ctx, const struct handed *one), void *ctx);
/* The descriptor is the list's then. False: it is of no kind that hangs in a list. */
bool attachments_adopt(struct attachments *list, const struct handed *one);

void attach_declare(struct bpf_program *prog);

/* EXIT_USAGE when a target is missing, has a bad form or is one too many. */
int attach_prepare(struct bpf_object *obj, struct bpf_program *prog, const struct prog_plan *plan,
		   const struct word_list *targets, struct err *err);

/* False only when attaching is bound to fail; `reason` is one line. */
bool attach_possible(const struct prog_plan *plan, const struct word_list *targets, char *reason,
		     size_t size);

/* On failure what was attached so far stays in the list. */
int attach_program(struct attachments *list, struct bpf_object *obj, struct bpf_program *prog,
		   const struct prog_plan *plan, const struct word_list *targets, struct err *err);

#endif
