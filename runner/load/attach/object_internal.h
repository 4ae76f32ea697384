/* SPDX-License-Identifier: Apache-2.0 */
/* struct object, for the files that are object.h's implementation. */
#ifndef BOMBUS_RUNNER_LOAD_ATTACH_OBJECT_INTERNAL_H
#define BOMBUS_RUNNER_LOAD_ATTACH_OBJECT_INTERNAL_H

#include "base/err.h"
#include "runner/load/attach/attach.h"
#include "runner/load/kernel/bpflog.h"
#include "runner/load/elf/elf.h"
#include "runner/load/attach/object.h"

struct bpf_map;

struct pin {
	char *path;
	bool made; /* by us; false: it was there and is used again */
};

/* Of an object that another process started, see handed.h. */
struct taken_map {
	const char *name;
	int fd;
};

/* The last program that was refused for another reason than an absent hook. */
struct rejection {
	const char *job;
	struct err err;
};

struct object {
	char *name;
	struct elf_image image; /* until object_start() is through: alternatives open it again */
	struct object_opts opts;
	struct plan plan;
	struct bpf_object *bpf;
	struct bpf_program **progs; /* by index in plan.progs; of the current `bpf` */
	int *prog_fds;		    /* by index, once it is started; -1: not loaded */
	struct taken_map *maps;	    /* where it was adopted: `bpf` is NULL then */
	size_t nmaps;
	bool adopted;
	struct prog_status *status;  /* by index; read by any thread, atomically */
	struct arena reasons;	     /* the texts in it */
	struct rejection *rejection; /* malloc'ed; NULL: there was none */
	struct word_list
		*targets; /* by index: the TARGETs of --attach; words are malloc'ed arrays */
	struct attachments *attachments;
	struct object_times times;
	struct bpflog log;
	struct pin *pins;
	size_t npins;
	bool made_pin_maps_dir, made_pin_progs_dir;
	bool keep_pins;	   /* object_start() went well */
	bool hides_kaddrs; /* the kernel shows us no addresses */
	int stats_fd;
};

/* In the thread that starts and checks the object. `reason` is NULL or lives as long as it. */
void object_set_status(struct object *object, uint32_t prog, enum prog_state state,
		       const char *reason, int code);
static inline enum prog_state object_state(const struct object *object, uint32_t prog)
{
	return (enum prog_state)object->status[prog].state;
}

/* object.c: opens the image anew and applies the options to it. */
int object_reopen(struct object *object, struct err *err);

/* options.c */
int options_resolve(struct object *object, struct err *err); /* once: programs and targets */
/* Before load: every map is of a kind that is supported and has the sizes that it needs. */
int options_check_maps(const struct object *object, struct err *err);
int options_apply(struct object *object, bool report, struct err *err); /* to each opened object */

/* aim.c */
#define AIM_MAP "bombus_cgroups"		       /* of BOMBUS_FILTERS */
int aim_apply(struct object *object, struct err *err); /* before load */
int aim_fill(struct object *object, struct err *err);  /* between load and attach */
int aim_set(int map_fd, uint64_t cgroup, bool passes);
/* All bytes of .rodata before load, and their number; NULL and 0: there is none. */
void *rodata_bytes(const struct object *object, size_t *ret_size);
/* Those of one variable in it; NULL: there is none of this name and size. */
void *rodata_of(const struct object *object, const char *name, size_t size);

/* pins.c */
int pins_prepare(struct object *object, struct err *err); /* before load: checks, paths of maps */
int pins_finish(struct object *object, struct err *err);  /* after attach: programs */
void pins_release(struct object *object); /* removes what we pinned unless keep_pins */

#endif
