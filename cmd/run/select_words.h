/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the command line that choose records, labels and buckets, made into values. */
#ifndef BOMBUS_CMD_RUN_SELECT_WORDS_H
#define BOMBUS_CMD_RUN_SELECT_WORDS_H

#include "base/arena.h"
#include "base/option.h"
#include "runner/job/select.h"

/* What ends the first word of --where; where that is ':', it was a map. */
#define WHERE_NAME_ENDS ": \t'\"=<>~!()&|"

struct select_words {
	struct words filter;	   /* -f MAP,FIELD,REGEX */
	struct words where;	   /* EXPR or MAP:EXPR */
	struct words labels;	   /* MAP=a,b */
	struct words drop_labels;  /* MAP=a,b */
	struct words relabels;	   /* MAP,FIELD,/REGEX/TEXT/ */
	struct words hist_buckets; /* MAP,[1,2,3] or MAP,exp2 0 27 us */
	struct words hist_keys;	   /* MAP,FIELD */
	bool per_cpu;
	bool every_label; /* --compat bee */
};

/* EXIT_USAGE for a word that has another form. What is returned lives in the arena. */
int select_words_parse(const struct select_words *words, struct arena *arena,
		       struct select_opts *ret, struct err *err);

#endif
