// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/recording/replay_names.h"

#include <pthread.h>

#include "base/id_map.h"
#include "base/util.h"
#include "runner/sink/recording/replay.h"

#define FIRST_ROOM 256u

struct replay_names {
	struct name_source source;
	pthread_mutex_t lock;
	struct id_map indexes[MEAN_COUNT]; /* into texts, by meaning */
	char **texts;			   /* NULL entries: the id has no name */
	uint32_t count, room;
	size_t bytes;
};

static bool find(void *ctx, enum meaning meaning, uint64_t id, char text[])
{
	struct replay_names *n = ctx;
	uint32_t index;
	bool found;

	pthread_mutex_lock(&n->lock);
	found = id_map_find(&n->indexes[meaning], id, &index) && n->texts[index];
	if (found)
		snprintf(text, resolve_max(meaning), "%s", n->texts[index]);
	pthread_mutex_unlock(&n->lock);
	return found;
}

struct replay_names *replay_names_new(void)
{
	struct replay_names *n = xcalloc(1, sizeof(*n));

	n->source = (struct name_source){ find, n };
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

void replay_names_free(struct replay_names *n)
{
	if (!n)
		return;
	for (uint32_t i = 0; i < n->count; i++)
		free(n->texts[i]);
	free(n->texts);
	for (uint32_t i = 0; i < MEAN_COUNT; i++)
		id_map_release(&n->indexes[i]);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

/* The place of the id's text; NULL: there is no room for another one. */
static char **text_of(struct replay_names *n, enum meaning meaning, uint64_t id)
{
	uint32_t index;

	if (id_map_find(&n->indexes[meaning], id, &index))
		return &n->texts[index];
	if (n->count == REPLAY_MAX_NAMES)
		return NULL;
	if (n->count == n->room) {
		n->room = MAX(2 * n->room, FIRST_ROOM);
		n->texts = xreallocarray(n->texts, n->room, sizeof(*n->texts));
	}
	id_map_set(&n->indexes[meaning], id, n->count);
	n->texts[n->count] = NULL;
	return &n->texts[n->count++];
}

void replay_names_put(struct replay_names *n, enum meaning meaning, uint64_t id, const char *text,
		      size_t len)
{
	char **name;

	len = MIN(len, resolve_max(meaning) - 1);
	pthread_mutex_lock(&n->lock);
	name = text_of(n, meaning, id);
	if (name) {
		n->bytes -= *name ? strlen(*name) : 0;
		free(*name);
		*name = NULL;
		if (text && n->bytes + len <= REPLAY_MAX_NAME_BYTES) {
			*name = xstrndup(text, len);
			n->bytes += strlen(*name);
		}
	}
	pthread_mutex_unlock(&n->lock);
}

const struct name_source *replay_names_source(const struct replay_names *n)
{
	return &n->source;
}
