/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the parts of plan_compile(). */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_PLAN_INTERNAL_H
#define BOMBUS_RUNNER_LOAD_PLAN_PLAN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/load/plan/plan.h"
#include "runner/load/plan/tags.h"

struct bpf_object;
struct btf;
struct elf_image;

struct plan_ctx {
	struct plan *plan;
	struct bpf_object *obj;
	const struct btf *btf;
	const struct tags *tags;
	const struct elf_image *image;
	const struct plan_opts *opts;
	uint32_t params_tried;
	struct err *err;
};

#define PLAN_MAX_MAPS 4096
#define PLAN_MAX_FIELDS 65536

/* The kernel's type of map, as far as the plan asks. */
struct map_type {
	const char *name;
	enum map_source source;
	bool per_cpu;
};
const struct map_type *map_type_find(uint32_t type); /* NULL: not known */

/* One --map option, borrowed from the options. */
struct map_word {
	const char *map;
	enum map_role role;
	const char *type; /* NULL: none */
	bool used;
};

/* The maps while they are gathered. */
struct map_list {
	struct plan_ctx *ctx;
	struct map_plan *maps;
	uint32_t count, cap;
	struct map_word *words;	   /* of ctx->opts->roles */
	bool has_role;		   /* some map has one that was asked for, or is shown anyway */
	struct record_use *writes; /* of all programs, maps by their index; see plan_records.c */
	size_t nwrites;
	uint8_t *habits; /* enum map_habit, by the maps' index */
	bool has_uses;	 /* both were looked for */
	uint32_t fields; /* of all layouts; what fails counts as much as is allowed */
};

/* map_list.c */
void map_list_release(struct map_list *list);
struct map_plan *map_list_add(struct map_list *list);
const char *map_list_copy(struct map_list *list, const char *text);
/* is_record: of a buffer, where it may be shorter than its type. */
int map_list_compile(struct map_list *list, uint32_t type_id, const char *default_name,
		     bool is_record, struct layout *ret, struct err *err);
/* A role that does not fit is an error where the command line gave it, else a fault of the map. */
struct map_word;
int map_list_fault(struct map_list *list, struct map_plan *map, const struct map_word *word,
		   int code, const struct err *fault);
/* Copies the tags of the variable to the map. */
void map_list_tags(struct map_list *list, struct map_plan *map, const char *var);

void words_copy(struct map_list *list);
/* The last word for this map, as later options win; NULL: none. */
struct map_word *words_find(struct map_list *list, const struct map_plan *map);
/* Whether a word names the map or variable `name`. */
bool words_name(const struct map_list *list, const char *name);
/* The error for words that no map took. */
int words_check(struct map_list *list);
/* The type that a word names, "event" or "struct event"; 0: there is none, an error is set. */
uint32_t words_type(struct map_list *list, const char *name);

/* The type that was found for records whose map declares none; 0: none, or several. */
uint32_t records_type(struct map_list *list, struct map_plan *map);
/* Makes such records bytes, where programs write some and their type was not found. */
void records_raw(struct map_list *list, struct map_plan *map);
/* Where the sizes of all records are known, one that is shorter than the type is of another. */
void records_exact(struct map_list *list, struct map_plan *map);
/* How programs use the map's values: enum map_habit. */
uint8_t map_habits(struct map_list *list, const struct map_plan *map);
/* Their known sizes, "24" or "8, 16"; "": none is known. */
const char *records_sizes(struct map_list *list, const struct map_plan *map);
/* The same if all are known and shorter than the value that the map declares; else "". */
const char *records_short(struct map_list *list, const struct map_plan *map);

/* recipe.c: the map as its recipe has it; without one it is left as it is. */
int recipe_apply(struct map_list *list, struct map_plan *map);
/* The error for a recipe whose map the object does not have. */
int recipes_check(struct map_list *list);

/* Iterators with a known record type, and exported variables. */
int pseudo_maps(struct map_list *list);

/* Makes programs for one hook, whose names say that they are the same, alternatives. */
void plan_twins(struct plan *plan);

/* Of data that programs may write: a variable there can be shown as a map. */
bool plan_is_data_section(const char *name);
/* Fills plan->advice. is_bare: no map has a role, and some are shown all the same. */
void plan_advise(struct plan_ctx *ctx, bool is_bare);
int plan_rename(struct plan_ctx *ctx);

int plan_progs(struct plan_ctx *ctx);
int plan_maps(struct plan_ctx *ctx); /* after plan_progs() */
int plan_params(struct plan_ctx *ctx);
void plan_stacks(struct plan_ctx *ctx); /* after plan_maps() */
/* After plan_maps(); calls plan_stacks(). */
int plan_as(struct plan_ctx *ctx);

/* Where a map's role comes from, in the order of precedence. */
enum role_origin { ORIGIN_WORD, ORIGIN_SUFFIX, ORIGIN_PREFIX, ORIGIN_PLAIN };

/*
 * Sets map->role (and exported), once the layouts are there: `role` is what was asked for.
 * `why` is what layout_compile() had to say about a layout that is missing, "" nothing.
 */
int role_apply(struct map_plan *map, enum map_role role, enum role_origin origin, const char *why,
	       struct err *err);

/* Its value is a histogram: it has an array 'slots' or 'buckets', and at most two numbers. */
bool is_histogram_value(const struct map_plan *map);

/* The role that a name begins with ("counter_"), -1: none. *ret_rest is what follows it. */
int role_of_prefix(const char *name, const char **ret_rest);

#endif
