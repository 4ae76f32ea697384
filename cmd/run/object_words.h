/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the command line about a program's object, made into values. */
#ifndef BOMBUS_CMD_RUN_OBJECT_WORDS_H
#define BOMBUS_CMD_RUN_OBJECT_WORDS_H

#include "base/arena.h"
#include "base/option.h"
#include "runner/job/aim.h"
#include "runner/load/attach/object.h"

struct object_words {
	struct words map;	  /* MAP=ROLE or MAP=ROLE:STRUCT */
	struct words names;	  /* MAP=NAME */
	struct words field_names; /* MAP,FIELD=NAME */
	struct words as;	  /* MAP,FIELD=MEANING */
	struct words spans;	  /* MAP=NAME */
	struct words set;	  /* VAR=VALUE */
	struct words attach;	  /* PROG=TARGET */
	struct words ring;	  /* MAP=SIZE */
	struct words max_entries; /* MAP=N */
	struct words value_size;  /* MAP=BYTES */
	struct words fields;	  /* MAP=A,B */
	struct words only;	  /* PROG */
	struct words enrich;	  /* container, pod */
	struct words containers, pods, cgroups;
	const char *uid, *comm;
	uint64_t pid;
	const char *pin_maps, *pin_progs, *btf;
	bool all_maps, skip_missing;
};

/* EXIT_USAGE for a word that has another form. What is made lives in the arena; words are
 * borrowed. */
int object_words_parse(const struct object_words *words, struct arena *arena,
		       struct object_opts *ret, struct err *err);

/* The filters by container, pod and cgroup. */
int object_words_aim(const struct object_words *words, struct arena *arena, struct aim_opts *ret,
		     struct err *err);
static inline bool object_words_name_groups(const struct object_words *words)
{
	return words->enrich.count || words->containers.count || words->pods.count ||
	       words->cgroups.count;
}

#endif
