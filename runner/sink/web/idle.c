// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/web/idle.h"

#include <pthread.h>
#include <sys/socket.h>
#include "base/util.h"

#define PATIENCE_NS 15000000000ull
#define PATIENCE_CROWDED_NS 2000000000ull
#define CROWDED 4 /* a quarter of all */

struct idle {
	pthread_mutex_t
		lock; /* a descriptor is not closed, and used again, while it is shut down */
	unsigned count, max;
	struct idle_item {
		int fd;
		uint64_t since_ns;
	} items[];
};

struct idle *idle_new(unsigned max)
{
	struct idle *w = xcalloc(1, sizeof(*w) + max * sizeof(struct idle_item));

	w->max = max;
	pthread_mutex_init(&w->lock, NULL);
	return w;
}

void idle_free(struct idle *w)
{
	if (!w)
		return;
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static void forget(struct idle *w, int fd)
{
	for (unsigned i = 0; i < w->count; i++) {
		if (w->items[i].fd == fd) {
			w->items[i] = w->items[--w->count];
			return;
		}
	}
}

void idle_begin(struct idle *w, int fd, uint64_t now_ns)
{
	pthread_mutex_lock(&w->lock);
	forget(w, fd);
	if (w->count < w->max) {
		w->items[w->count].fd = fd;
		w->items[w->count++].since_ns = now_ns;
	}
	pthread_mutex_unlock(&w->lock);
}

void idle_end(struct idle *w, int fd)
{
	pthread_mutex_lock(&w->lock);
	forget(w, fd);
	pthread_mutex_unlock(&w->lock);
}

void idle_tick(struct idle *w, uint64_t now_ns)
{
	uint64_t patience;

	pthread_mutex_lock(&w->lock);
	patience = w->count > w->max / CROWDED ? PATIENCE_CROWDED_NS : PATIENCE_NS;
	for (unsigned i = 0; i < w->count; i++)
		if (now_ns > w->items[i].since_ns && now_ns - w->items[i].since_ns > patience)
			shutdown(w->items[i].fd, SHUT_RDWR);
	pthread_mutex_unlock(&w->lock);
}
