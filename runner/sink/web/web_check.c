// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/web/web_check.h"

#include <crypt.h>
#include <errno.h>
#include <pthread.h>

#include "base/dynlib.h"
#include "base/err.h"
#include "base/thread.h"
#include "base/util.h"

struct web_checker {
	__typeof__(&crypt_r) crypt;
	struct crypt_data room; /* of the thread */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct web_check *queue[WEB_CHECKS_MAX];
	unsigned count;
	bool started, stopped;
	pthread_t thread;
};

int web_checker_new(struct web_checker **ret, struct err *err)
{
	struct web_checker *checker = xcalloc(1, sizeof(*checker));
	const struct dynlib_symbol symbols[] = { { "crypt_r", &checker->crypt } };
	int code = dynlib_open(NULL, "libcrypt.so.1", "libcrypt1", "cannot check passwords",
			       symbols, ARRAY_LEN(symbols), err);

	if (code < 0) {
		free(checker);
		return code;
	}
	pthread_mutex_init(&checker->lock, NULL);
	pthread_cond_init(&checker->changed, NULL);
	*ret = checker;
	return 0;
}

/* In a time that does not depend on where they differ. */
static bool same_text(const char *a, const char *b)
{
	size_t len = strlen(a);
	unsigned diff = 0;

	if (len != strlen(b))
		return false;
	for (size_t i = 0; i < len; i++)
		diff |= (unsigned char)a[i] ^ (unsigned char)b[i];
	return !diff;
}

static void run_check(struct web_checker *checker, struct web_check *check)
{
	const char *got = checker->crypt(check->password, check->hash, &checker->room);

	check->matches = got && same_text(got, check->hash) && check->is_user;
	explicit_bzero(&checker->room, sizeof(checker->room));
	check->done(check);
}

static struct web_check *take_first(struct web_checker *checker)
{
	struct web_check *check = checker->queue[0];

	checker->count--;
	memmove(checker->queue, checker->queue + 1, checker->count * sizeof(checker->queue[0]));
	return check;
}

static void *checker_main(void *ctx)
{
	struct web_checker *checker = ctx;
	struct web_check *check;

	pthread_mutex_lock(&checker->lock);
	while (!checker->stopped) {
		if (!checker->count) {
			pthread_cond_wait(&checker->changed, &checker->lock);
			continue;
		}
		check = take_first(checker);
		pthread_mutex_unlock(&checker->lock);
		run_check(checker, check);
		pthread_mutex_lock(&checker->lock);
	}
	pthread_mutex_unlock(&checker->lock);
	return NULL;
}

static bool is_running(struct web_checker *checker)
{
	if (!checker->started && !checker->stopped)
		checker->started = thread_start(&checker->thread, "passwords", checker_main,
						checker, NULL) >= 0;
	return checker->started && !checker->stopped;
}

bool web_checker_has_room(struct web_checker *checker)
{
	bool room;

	pthread_mutex_lock(&checker->lock);
	room = checker->count < WEB_CHECKS_MAX;
	pthread_mutex_unlock(&checker->lock);
	return room;
}

void web_checker_put(struct web_checker *checker, struct web_check *check)
{
	bool taken;

	check->matches = false;
	pthread_mutex_lock(&checker->lock);
	taken = checker->count < WEB_CHECKS_MAX && is_running(checker);
	if (taken) {
		checker->queue[checker->count++] = check;
		pthread_cond_signal(&checker->changed);
	}
	pthread_mutex_unlock(&checker->lock);
	if (!taken)
		check->done(check);
}

void web_checker_stop(struct web_checker *checker)
{
	pthread_mutex_lock(&checker->lock);
	checker->stopped = true;
	pthread_cond_signal(&checker->changed);
	pthread_mutex_unlock(&checker->lock);
	if (checker->started)
		pthread_join(checker->thread, NULL);
	checker->started = false;
	while (checker->count) {
		struct web_check *check = take_first(checker);

		check->matches = false;
		check->done(check);
	}
}

void web_checker_free(struct web_checker *checker)
{
	if (!checker)
		return;
	web_checker_stop(checker);
	pthread_cond_destroy(&checker->changed);
	pthread_mutex_destroy(&checker->lock);
	free(checker);
}
