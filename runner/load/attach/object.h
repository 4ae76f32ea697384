/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A BPF object from its bytes to running programs.
 *
 *	object_open()    ELF -> merged maps -> libbpf -> plan; options applied and checked
 *	object_start()   load, then attach, trying alternatives in file order
 *	object_stop()    detach everything (maps and iterators can still be read)
 *	object_free()    stop, close
 *
 * Nothing is left behind in the kernel after object_free() or the death of the process, except
 * what pin_maps and pin_progs asked for.
 */
#ifndef BOMBUS_RUNNER_LOAD_ATTACH_OBJECT_H
#define BOMBUS_RUNNER_LOAD_ATTACH_OBJECT_H

#include <stddef.h>
#include "runner/load/plan/plan.h"

struct err;
struct object;

/* A parameter: its type in BTF says how the text reads. */
struct object_param {
	const char *name, *value;
};

/* Where a program is attached, see target.c; `prog` is a name or a job. */
struct object_target {
	const char *prog, *target;
};

/* Bytes of a ring buffer, entries of another map. */
struct object_size {
	const char *map;
	uint64_t size;
};

/* A variable kaddr_SYMBOL of the object gets the address of a symbol of the kernel. */
struct object_kaddr {
	const char *symbol;
	struct recipe_place at;
};

/*
 * The filters of BOMBUS_FILTERS, and those of the same kind of other authors. Texts are as --set
 * takes them; NULL: no such filter. by_cgroup: a map of the object has the ids of the cgroups that
 * pass. It has these ids before any program is attached; object_aim_cgroup() changes it later.
 */
#define OBJECT_AIM_MAX 8192 /* cgroups */
#define OBJECT_PROCESSES_MAX 15
struct object_aim {
	const char *pid, *uid, *comm;
	bool by_cgroup;
	const uint64_t *cgroups;
	size_t ncgroups;
	/* Some process of each container that passes, at most OBJECT_PROCESSES_MAX: probes of a
	 * library by its bare name are in the libraries of these, and of `pid`. */
	const uint64_t *processes;
	size_t nprocesses;
};

/* Applied in order. Arrays and texts are borrowed until object_free(). */
struct object_opts {
	struct plan_opts plan;
	const struct object_param *params;
	size_t nparams;
	const struct object_kaddr *kaddrs;
	size_t nkaddrs;
	const struct object_target *targets; /* may repeat for several of one program */
	size_t ntargets;
	const struct object_size *rings;
	size_t nrings;
	const struct object_size *entries;
	size_t nentries;
	const struct object_size *value_sizes; /* bytes of a value whose size is left open */
	size_t nvalue_sizes;
	const struct plan_fields *fields; /* only these are shown */
	size_t nfields;
	struct object_aim aim;
	struct word_list only; /* these programs, by name or job; none: all */
	const char *pin_maps;  /* folder on bpffs, made if missing; NULL: do not pin */
	const char *pin_progs;
	const char *btf;   /* file with the kernel's BTF; NULL: the kernel says itself */
	bool skip_missing; /* jobs whose hooks are absent are left out, and the rest runs */
};

/*
 * A mistake in the options is EXIT_USAGE with the nearest name as hint; a fault of
 * the object is EXIT_FAILED. `name` is used in messages. The bytes are not needed after the call.
 */
int object_open(struct object **ret, const char *name, const void *elf, size_t len,
		const struct object_opts *opts, struct err *err);

const struct plan *object_plan(const struct object *object);
/* See plan_has_variable(). */
bool object_has_variable(const struct object *object, const char *name);

/* Why a type of map is never loaded, or NULL. */
const char *object_unsupported_map(uint32_t type);

/*
 * Refusals are EXIT_KERNEL: the program, its hook, the missing feature by name, the verifier's
 * last lines in err->detail. A job of which no alternative works fails the whole object, as does
 * a program that stands alone, unless its hook is absent and skip_missing says to go on. On failure
 * nothing stays loaded or attached.
 */
int object_start(struct object *object, struct err *err);
/* Of an object that was not started: what object_start() would refuse before it asks the kernel,
 * such as a missing target, a missing size or a kind of map that is not supported. */
int object_would_start(struct object *object, struct err *err);

/* Where the time of object_start() went, for traces and --verbose. */
struct object_times {
	uint64_t open_ns, load_ns, attach_ns; /* libbpf's part, of all tries together */
	struct step open, load, attach;	      /* object_open(); the last try of the others */
};
struct object_times object_times(const struct object *object);

/* After object_start(). The object owns the descriptors. */
int object_map_fd(const struct object *object, const struct map_plan *map);
/* Of an object that is aimed by cgroup, started: this one passes from now on, or no more. 0 or
 * -errno: -E2BIG, there is no room. */
int object_aim_cgroup(const struct object *object, uint64_t cgroup, bool passes);
/* Of a program that is loaded; -1: it is not. The object owns it. */
int object_prog_fd(const struct object *object, const struct prog_plan *prog);
/* A new descriptor that reads the iterator's output from its start; the caller closes it. */
int object_iter_fd(const struct object *object, const struct prog_plan *prog, struct err *err);
/* Runs an iterator to its end, whatever it writes. An iterator that is not attached is left out. */
int object_walk(const struct object *object, const struct prog_plan *prog, struct err *err);
/* Opens the events of CPUs that come online later; borrowed. */
struct opener;
void object_use_opener(struct object *object, struct opener *opener);

/* Any thread; the texts are valid until object_free(). */
struct prog_status object_prog_status(const struct object *object, const struct prog_plan *prog);
/* All 0 unless object_enable_stats() was called. -errno on failure. */
int object_prog_stats(const struct object *object, const struct prog_plan *prog,
		      struct prog_stats *ret);
/* Kernel-wide statistics on for as long as the object lives. -errno is not fatal. */
int object_enable_stats(struct object *object);

/* Looks whether all that was attached still is: what is not becomes PROG_DETACHED, for good, and is
 * warned of. Any thread may look at the states meanwhile. */
void object_check(struct object *object);

void object_stop(struct object *object);
void object_free(struct object *object);

/* Which paths stay pinned after object_free(), one a line in `text`; returns how many. */
size_t object_pinned(const struct object *object, char *text, size_t size);

#endif
