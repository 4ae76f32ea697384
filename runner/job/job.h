/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one program.
 *
 *	job_open()	its object, filters, metrics and collector: all that can be wrong without
 *			asking the kernel fails here
 *	job_attach()	it is loaded and attached
 *	job_read()	the loop reads its buffers and sweeps its maps
 *	job_check()	once in a while: what was detached from outside
 *	job_detach()	for several jobs: detaches this one before the rest of any job is read
 *	job_stop()	it is detached, and what is left is read
 *	job_free()
 *
 * A job knows neither the command line nor sinks. All calls come from the thread of the loop.
 */
#ifndef BOMBUS_RUNNER_JOB_JOB_H
#define BOMBUS_RUNNER_JOB_JOB_H

#include "runner/job/aim.h"
#include "runner/job/select.h"
#include "runner/load/attach/object.h"
#include "runner/read/collect/collector.h"
#include "runner/source.h"

struct err;
struct job;
struct loader;
struct loop;
struct wallclock;
struct who;

/* What its texts and arrays point to is borrowed until job_free(), but for the object's bytes, the
 * name and the choices of `select`, which are not needed after job_open(). */
struct job_config {
	const char *name;    /* the image or file, in messages and outputs */
	const char *program; /* the short name that outputs use; NULL: made of the image's */
	const char *digest;  /* of the image; NULL: it is none */
	const void *elf;
	size_t elf_bytes;
	struct object_opts object;     /* parameters, roles, targets, sizes, pins */
	struct select_opts select;     /* filters, labels, buckets */
	struct collector_opts collect; /* interval, limits; its clock is the one of the process */
	struct step pull;	       /* getting the bytes, if there was anything to get */
	bool statistics;	       /* the kernel measures the programs' run time */
	const struct recipe_cgroups *cgroups; /* a map to be kept filled; NULL: none. Borrowed */
	struct aim_opts aim;		      /* the cgroups that it sees; none: all */
	struct who *who;       /* containers and pods; NULL: nothing asks for them. Borrowed */
	struct loader *loader; /* it loads and attaches; NULL: this process does. Borrowed */
};

int job_open(struct job **ret, const struct job_config *config, struct err *err);

/* EXIT_KERNEL, see object_start(). On failure nothing stays loaded or attached. */
int job_attach(struct job *job, struct err *err);
int job_read(struct job *job, struct loop *loop, struct err *err);
/* Called in the loop thread after each sweep. */
void job_on_sweep(struct job *job, void (*fn)(void *ctx, struct job *job), void *ctx);
void job_check(struct job *job);
/* What the kernel side counted can no longer change. */
void job_detach(struct job *job);
/* Detaches first, then reads the rest with these limits: collector_drain(). */
void job_stop(struct job *job, struct drain_limits *limits);
void job_free(struct job *job); /* before the loop is freed */

const char *job_name(const struct job *job);
const struct plan *job_plan(const struct job *job);
struct object *job_object(struct job *job);
struct source *job_source(struct job *job); /* for a host; lives as long as the job */
/* It opens files that take a capability while it runs, see runner/load/sandbox/opener.h. */
bool job_needs_opener(const struct job *job);
/* Since job_attach(). */
uint64_t job_ran_ns(const struct job *job);

#endif
