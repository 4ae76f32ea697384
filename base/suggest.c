// SPDX-License-Identifier: Apache-2.0
/*
 * Which name was meant. The distance is Damerau's and Levenshtein's with neighbours swapped at
 * most once (optimal string alignment); case does not count, nor '-' against '_'. Something is
 * suggested where at most a third of the longer name (and never more than three characters) is
 * wrong, or where what was typed is the beginning of it.
 */
#include "base/parse.h"

#include <ctype.h>

#include "base/util.h"

#define MAX_NAME 64
#define MAX_DISTANCE 3
#define MIN_PREFIX 3

static unsigned char fold(char c)
{
	return c == '_' ? '-' : (unsigned char)tolower((unsigned char)c);
}

static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][MAX_NAME + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2], *spare;

	for (size_t j = 0; j <= b_len; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			bool same = fold(a[i - 1]) == fold(b[j - 1]);

			now[j] = MIN(last[j], now[j - 1]) + 1;
			now[j] = MIN(now[j], last[j - 1] + !same);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
			    fold(a[i - 2]) == fold(b[j - 1]))
				now[j] = MIN(now[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b_len];
}

static bool begins(const char *name, const char *typed, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!name[i] || fold(name[i]) != fold(typed[i]))
			return false;
	return true;
}

/* The distance from what was typed to `name`; UINT_MAX: too far. */
static unsigned cost_of(const char *typed, size_t typed_len, const char *name)
{
	size_t name_len = strlen(name);
	size_t longer = MAX(typed_len, name_len);
	unsigned cost, most;

	if (name_len > MAX_NAME)
		return -1u;
	/* People shorten on purpose: a beginning counts for more than a few wrong characters. */
	cost = distance(typed, typed_len, name, name_len);
	if (cost > 1 && typed_len >= MIN_PREFIX && begins(name, typed, typed_len))
		return 1;
	most = (unsigned)MIN((longer + 2) / 3, (size_t)MAX_DISTANCE);
	if (cost <= most && (cost == 0 || cost < MIN(typed_len, name_len)))
		return cost;
	return -1u;
}

const char *suggest(const char *typed, const char *(*next)(void *ctx), void *ctx)
{
	size_t typed_len = strlen(typed);
	const char *name, *best = NULL;
	unsigned best_cost = -1u;

	if (!typed_len || typed_len > MAX_NAME)
		return NULL;
	while ((name = next(ctx))) {
		unsigned cost = cost_of(typed, typed_len, name);

		if (cost < best_cost) {
			best_cost = cost;
			best = name;
		}
	}
	return best;
}

struct names {
	const char *const *names;
	size_t left;
};

static const char *next_of_names(void *ctx)
{
	struct names *list = ctx;

	if (!list->left)
		return NULL;
	list->left--;
	return *list->names++;
}

const char *suggest_from(const char *typed, const char *const *names, size_t count)
{
	struct names list = { names, count };

	return suggest(typed, next_of_names, &list);
}
