/* SPDX-License-Identifier: Apache-2.0 */
/* The recordings that the live table makes of its sources: one that runs, and saved ones. */
#ifndef BOMBUS_RUNNER_TUI_KEEP_DECK_H
#define BOMBUS_RUNNER_TUI_KEEP_DECK_H

#include "runner/tui/keep/tape.h"

struct deck {
	struct tape_opts opts; /* without sources */
	struct source **sources;
	size_t nsources;
	struct tape *tape; /* that runs; NULL: none */
};

void deck_add(struct deck *deck, struct source *source);
/* A recording that runs keeps what it has of the source, and ends. */
void deck_remove(struct deck *deck, struct source *source);
void deck_release(struct deck *deck);

/* Where what comes goes to as well; NULL: no recording runs. */
static inline struct sink *deck_sink(const struct deck *deck)
{
	return deck->tape ? tape_sink(deck->tape) : NULL;
}

/* Records from now on. time_ns: of the last sweep. */
int deck_record(struct deck *deck, const char *path, uint64_t time_ns, struct err *err);
/* Ends the recording that runs. *ret_text, which the caller frees, says what there is now. */
int deck_stop(struct deck *deck, char **ret_text, struct err *err);
/* What the model keeps since from_ns. */
int deck_save(struct deck *deck, struct model *model, uint64_t from_ns, const char *path,
	      char **ret_text, struct err *err);

#endif
