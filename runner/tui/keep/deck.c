// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/keep/deck.h"

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/read/text/human.h"

void deck_add(struct deck *deck, struct source *source)
{
	deck->sources = xreallocarray(deck->sources, deck->nsources + 1, sizeof(struct source *));
	deck->sources[deck->nsources++] = source;
	deck->opts.told = source->recorded;
}

static void end(struct deck *deck)
{
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };

	if (deck_stop(deck, &text, &err) < 0)
		log_warn("%s", err.msg);
	else
		log_info("%s", text);
}

void deck_remove(struct deck *deck, struct source *source)
{
	if (deck->tape)
		end(deck);
	for (size_t i = 0; i < deck->nsources; i++)
		if (deck->sources[i] == source)
			deck->sources[i] = deck->sources[--deck->nsources];
}

void deck_release(struct deck *deck)
{
	if (deck->tape)
		end(deck);
	free(deck->sources);
	*deck = (struct deck){ 0 };
}

static struct tape_opts opts_of(const struct deck *deck)
{
	struct tape_opts opts = deck->opts;

	opts.sources = deck->sources;
	opts.nsources = deck->nsources;
	return opts;
}

int deck_record(struct deck *deck, const char *path, uint64_t time_ns, struct err *err)
{
	struct tape_opts opts = opts_of(deck);
	int ret = tape_start(&deck->tape, &opts, path, err);

	if (ret >= 0)
		tape_begin(deck->tape, time_ns);
	return ret;
}

static char *text_of(const char *path, uint64_t bytes)
{
	char size[HUMAN_ROOM + 1];

	size[human_bytes(size, bytes)] = '\0';
	return xasprintf("%s recorded in %s; bombus replay shows it", size, path);
}

int deck_stop(struct deck *deck, char **ret_text, struct err *err)
{
	_cleanup_free_ char *path = xstrdup(tape_path(deck->tape));
	uint64_t bytes;
	int ret = tape_end(steal_ptr(&deck->tape), &bytes, err);

	if (ret >= 0)
		*ret_text = text_of(path, bytes);
	return ret;
}

int deck_save(struct deck *deck, struct model *model, uint64_t from_ns, const char *path,
	      char **ret_text, struct err *err)
{
	struct tape_opts opts = opts_of(deck);
	uint64_t bytes;
	int ret = tape_save(model, from_ns, &opts, path, &bytes, err);

	if (ret >= 0)
		*ret_text = text_of(path, bytes);
	return ret;
}
