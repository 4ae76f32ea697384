/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object, as far as the rest of bombus needs to know it: its maps with their roles and
 * layouts, its programs, its parameters. Made once from the opened object (before load, while
 * BTF type ids are still there) and immutable once the object is open: how its programs are
 * doing is the object's struct prog_status. Plain data: nothing above runner/load sees libbpf.
 *
 * The rules are spec/maps.md's.
 */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_PLAN_H
#define BOMBUS_RUNNER_LOAD_PLAN_PLAN_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/clock.h"
#include "runner/load/plan/layout.h"
#include "runner/load/recipe/recipe.h"

enum map_role {
	ROLE_INTERNAL,
	ROLE_EVENTS,
	ROLE_COUNTER,
	ROLE_GAUGE,
	ROLE_HISTOGRAM,
	ROLE_SPANS,
};

/* How data comes out of it. */
enum map_source {
	SOURCE_NONE,	/* internal: programs, maps in maps, sockmaps, stack traces, ... */
	SOURCE_RING,	/* RINGBUF */
	SOURCE_PERF,	/* PERF_EVENT_ARRAY */
	SOURCE_HASH,	/* HASH, LRU_HASH and their per-CPU kinds: swept */
	SOURCE_ARRAY,	/* ARRAY, PERCPU_ARRAY: swept, every index is there */
	SOURCE_QUEUE,	/* QUEUE, STACK: popped */
	SOURCE_ITER,	/* an iter/ program's output; map_plan.prog is its index */
	SOURCE_GLOBALS, /* a tagged variable of .bss or .data: an array of one entry, no key. The
			 * value is the whole section; the layout's fields stand where the variable
			 * does */
};

/* Of the ids of ROLE_SPANS. */
#define TRACE_ID_BYTES 16
#define SPAN_ID_BYTES 8

struct map_plan {
	uint32_t index;	    /* in plan.maps */
	const char *symbol; /* as the program calls it ("counter_conns", "events") */
	const char *name;   /* as it is shown and exported: prefix taken off, BOMBUS_NAME applied */
	const char *backing_symbol; /* what libbpf calls the kernel's map that holds it: `symbol`,
				     * ".bss" for SOURCE_GLOBALS; NULL for SOURCE_ITER */
	const char *fault; /* why it cannot have the role that its author gave it, and is internal;
			    * NULL: it can */
	const char *help;  /* NULL: none */
	const char *unit;  /* BOMBUS_UNIT on the map; NULL: none */
	const char *buckets; /* BOMBUS_BUCKETS, as written; NULL: none */
	const char *counted; /* how <bombus/histogram.bpf.h> counts it, in the same words; NULL: it
			      * does not */
	/* Of its metrics, whose names, labels and series are exactly those of another tool
	 * (recipe.h); NULL: it is no such map. */
	const char *name_space;
	bool split_cpu;	   /* its values are split by a label cpu in any case */
	uint64_t flush_ns; /* its series are forgotten so often; 0: never */
	bool plain_names;  /* BOMBUS_PLAIN_NAMES: members are metrics without the map's name */
	const char *service, *span; /* BOMBUS_SERVICE and BOMBUS_SPAN of ROLE_SPANS; NULL: none */
	uint8_t role;		    /* enum map_role */
	uint8_t source;		    /* enum map_source */
	bool per_cpu;		    /* a value per possible CPU, each padded to 8 bytes */
	bool exported;	/* false: shown, but never a metric (print_x on a hash, --all-maps) */
	bool has_key;	/* key layout is valid */
	bool has_value; /* value layout is valid; for SOURCE_RING and PERF: the record's */
	uint32_t type;	/* BPF_MAP_TYPE_* */
	uint32_t key_bytes, value_bytes; /* the kernel's sizes (0 for rings) */
	uint32_t max_entries;
	struct layout key;
	struct layout value;
	/* Of a map that does not declare the type of its records: the type that was found
	 * (record_types.h), "struct event", or the several candidates; NULL: neither. */
	const char *found_type, *choices;
	bool is_raw;		  /* no one type was found: the value is bytes */
	/* Of is_raw: "24" or "8, 16"; "" where it is not known. With `strict` in the options also
	 * where the value is declared and all records are shorter. */
	const char *record_sizes;
	int prog;		  /* SOURCE_ITER: index in plan.progs, else -1 */
	int lost_map;	/* index of `<map>__lost` or `<map>_lost_samples`; -1: loss is unknown */
	int unread_map; /* index of `<map>__unread`, which says that nothing reads it; -1: none */
};

/* A map whose metrics are exactly those of another tool. */
static inline bool map_is_exact(const struct map_plan *map)
{
	return map->name_space != NULL;
}

/* A ring buffer, or the buffers of a perf event array. */
static inline bool map_is_ring(const struct map_plan *map)
{
	return map->source == SOURCE_RING || map->source == SOURCE_PERF;
}

/* A map whose records, or whose series, sinks show. */
static inline bool map_has_records(const struct map_plan *map)
{
	return (map->role == ROLE_EVENTS || map->role == ROLE_SPANS) && map->has_value;
}
static inline bool map_has_series(const struct map_plan *map)
{
	return map->role == ROLE_COUNTER || map->role == ROLE_GAUGE || map->role == ROLE_HISTOGRAM;
}

/* LRU maps drop old entries for new ones, and no one can count how many. */
static inline bool map_evicts(const struct map_plan *map)
{
	return map->type == BPF_MAP_TYPE_LRU_HASH || map->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

struct param {
	const char *name;
	const char *help;	  /* NULL: none */
	const char *type_name;	  /* as C writes it: "unsigned int", "char[16]" */
	struct field field;	  /* its kind, size and meaning; off_bits is 0 */
	const char *default_text; /* the value in the object, as --set would take it */
	bool tagged;		  /* BOMBUS_PARAM: listed first */
	uint32_t section_off_bytes, size_bytes; /* in .rodata */
};

enum prog_state {
	PROG_WANTED,  /* will be loaded */
	PROG_STANDBY, /* an alternative whose turn has not come */
	PROG_OFF,     /* left out: --only, SEC("?..."), an alternative was taken */
	PROG_REFUSED, /* this kernel does not take it; `reason` says why */
	PROG_LOADED,
	PROG_ATTACHED,
	PROG_DETACHED, /* it was attached; another process detached it, or its target is gone */
};

/* When an iterator runs whose output nothing reads. */
enum prog_walk {
	WALK_NONE,  /* it is no such iterator */
	WALK_START, /* once, when all programs are attached */
	WALK_SWEEP, /* before each sweep of the maps */
};

struct prog_plan {
	uint32_t index;
	const char *name;    /* "tcp_connect___fentry" */
	const char *job;     /* "tcp_connect": what alternatives have in common */
	const char *section; /* "fentry/tcp_v4_connect" */
	const char *type;    /* "fentry", "kprobe", "tracepoint", "xdp", ...: one word */
	const char *target;  /* the hook: "tcp_v4_connect", "sched/sched_switch", "eth0"; NULL */
	bool needs_target;   /* has to get one by --attach, and has none */
	bool is_tail;	     /* a map's definition puts it into a slot: it is loaded with the map */
	const char *iter_map; /* whose entries an iterator walks over; NULL: --attach says */
	uint8_t walk;	      /* enum prog_walk */
	const char *preset;   /* BOMBUS_ATTACH: its target where --attach names none; NULL: none */
	bool optional;	      /* BOMBUS_OPTIONAL: without its hook it is left out */
	bool load_only;	      /* it is needed in that slot, and nowhere else */
	uint8_t first_state;  /* PROG_WANTED, PROG_STANDBY or PROG_OFF: before anything was tried */
	const char *off_reason; /* of PROG_OFF: one line; else NULL */
};

/* How a program is doing. */
struct prog_status {
	uint8_t state;	    /* enum prog_state */
	const char *reason; /* PROG_REFUSED, PROG_OFF, PROG_DETACHED: one line; else NULL */
	int reason_code;    /* -errno, 0 */
	struct step attach; /* the last try, successful or not */
};

/* The kernel's statistics of one program: run count, run time, recursion misses. */
struct prog_stats {
	uint64_t runs, run_ns, misses;
	uint32_t id; /* the kernel's */
	uint8_t tag[8];
};

struct plan {
	struct map_plan *maps;
	uint32_t nmaps;
	struct prog_plan *progs;
	uint32_t nprogs;
	struct param *params; /* tagged ones first, then by name */
	uint32_t nparams;
	/* The words that make the object show or export something, in one line; NULL:
	 * it does. */
	const char *advice;
	const char *stray_map; /* a variable that looks like a map, in no section; NULL: none */
	bool shows_nothing;
	bool statistics; /* a program wants runs to be counted (BOMBUS_STATISTICS) */
	const char *license; /* NULL: none */
	/* The tags NAME, HELP and AUTHORS of the variable in SEC("license"), about the whole
	 * object; NULL: nothing. */
	const char *title, *help, *authors;
	struct decoder_chain *decoders; /* of all fields */
	struct arena arena;
};

/* "NAME=VALUE" words from the command line, in order; borrowed. */
struct word_list {
	const char *const *words;
	size_t count;
};

/* --map: the role of a map or a variable, and the type of its records where the object does not say
 * it: "event" or "struct event"; NULL: it does. */
struct plan_role {
	const char *map;
	enum map_role role;
	const char *type;
};

struct plan_opts {
	const struct plan_role *roles; /* of several for one map the last counts */
	size_t nroles;
	struct word_list names;		   /* MAP=NAME */
	struct word_list labels;	   /* MAP,FIELD=NAME */
	struct word_list as;		   /* MAP,FIELD=MEANING, see plan_as.c */
	struct word_list spans;		   /* MAP=NAME, of spans */
	const struct plan_recipe *recipes; /* see recipe.h */
	size_t nrecipes;
	uint32_t enrich; /* enum enrich of runner/load/decode/enrich.h */
	bool all_maps;	 /* internal maps with a known layout are shown too, as gauges */
	bool strict;	 /* for authors: looks for records that do not fit their type */
};

/*
 * Makes the plan of an opened, not yet loaded object. Everything needed is copied. Release with
 * plan_release(), also after failure.
 *
 * Where no map has a role, all maps with a known layout are shown and none is exported.
 */
struct bpf_object;
struct elf_image;
struct err;
int plan_compile(struct plan *ret, struct bpf_object *obj, const struct elf_image *image,
		 const struct plan_opts *opts, struct err *err);
void plan_release(struct plan *plan);

/* --fields: hides every other field of this map (as BOMBUS_HIDE would), values that are metrics
 * excepted only when named. Called before anything else looks at the plan. EXIT_USAGE. */
struct plan_fields {
	const char *map;
	const char *const *fields;
	size_t nfields;
};
int plan_select_fields(struct plan *plan, const struct plan_fields *choice, struct err *err);

/* It shows nothing, and no map of it could be shown: plan->advice says why. */
bool plan_is_empty(const struct plan *plan);
/* Whether the object has a variable that a role (struct plan_role) shows like a map. */
bool plan_has_variable(const struct bpf_object *obj, const char *name);

/* By name, else by symbol. NULL: none. */
struct map_plan *plan_map(const struct plan *plan, const char *name);
struct prog_plan *plan_prog(const struct plan *plan, const char *name);
/* Whether both run at the same place of the kernel, by different mechanisms: "tp_btf/x" and
 * "raw_tp/x". */
bool prog_same_hook(const struct prog_plan *a, const struct prog_plan *b);
struct param *plan_param(const struct plan *plan, const char *name);

/* The number of a STACK_TRACE map, as field.stacks has it; -1: it is none, or one too many. */
int plan_stacks_number(const struct plan *plan, const struct map_plan *map);

/* Some field of records or keys has ids of user stacks, and the process beside them. */
bool plan_has_user_stacks(const struct plan *plan);

/* The next field after `from` (NULL: the first) of the map's whose stack ids are of an unknown map;
 * NULL: there is none. */
const struct field *plan_unknown_stacks(const struct map_plan *map, const struct field *from);

const char *prog_state_name(enum prog_state state);
const char *map_role_name(enum map_role role); /* "events", "counter", ... */
int map_role_parse(const char *text);	       /* enum map_role or -EINVAL; takes hist, print too */
const char *map_type_name(uint32_t bpf_map_type); /* "hash", "ringbuf", ... or "type 99" style */

#endif
