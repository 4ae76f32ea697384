// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/sink/web/web_auth.h"
#include "runner/sink/web/web_guard.h"
#include "runner/sink/web/web_tls.h"

#define RETRY_NS 5000000000ull

struct web_guard {
	char *path; /* NULL: none */
	struct web_config config;
	struct web_auth *auth;
	struct web_checker *checker; /* NULL: there was never a user */
	struct web_tls *tls;
	struct web_stamp refused; /* of files with an error */
	uint64_t refused_ns;	  /* when they were last tried */
};

/* All of it, or nothing changes. */
static int read_all(struct web_guard *guard, struct err *err)
{
	struct web_config config = { 0 };
	struct web_auth *auth = NULL;
	int code = web_config_read(&config, guard->path, err);

	if (code == 0 && guard->auth && config.tls != guard->config.tls)
		code = err_set(err, EINVAL, "%s: TLS cannot come or go while metrics are served",
			       guard->path);
	if (code == 0)
		code = web_auth_new(&auth, &config, err);
	if (code == 0 && config.nusers && !guard->checker)
		code = web_checker_new(&guard->checker, err);
	if (code == 0 && config.tls && !guard->tls)
		code = web_tls_new(&guard->tls, err);
	if (code == 0 && config.tls) {
		code = web_tls_use(guard->tls, &config, err);
		if (code < 0)
			err_wrap(err, "%s", guard->path);
	}
	if (code < 0) {
		web_auth_free(auth);
		web_config_release(&config);
		return code;
	}
	web_auth_free(guard->auth);
	web_config_release(&guard->config);
	guard->auth = auth;
	guard->config = config;
	return 0;
}

int web_guard_new(struct web_guard **ret, const char *path, struct err *err)
{
	struct web_guard *guard = xcalloc(1, sizeof(*guard));
	int code = 0;

	if (path) {
		guard->path = xstrdup(path);
		code = read_all(guard, err);
	}
	if (code < 0)
		web_guard_free(guard);
	else
		*ret = guard;
	return code;
}

void web_guard_free(struct web_guard *guard)
{
	if (!guard)
		return;
	web_checker_free(guard->checker);
	web_auth_free(guard->auth);
	web_tls_free(guard->tls);
	web_config_release(&guard->config);
	free(guard->path);
	free(guard);
}

const struct web_config *web_guard_config(const struct web_guard *guard)
{
	return &guard->config;
}

size_t web_guard_files(const struct web_guard *guard, const char **ret, size_t max)
{
	size_t count = 0;

	if (guard->path && max)
		ret[count++] = guard->path;
	for (size_t i = 0; i < WEB_FILES && count < max; i++)
		if (guard->config.files[i])
			ret[count++] = guard->config.files[i];
	return count;
}

static void refresh(struct web_guard *guard)
{
	struct web_stamp stamp = web_config_stamp(&guard->config, guard->path);
	bool again = web_stamp_equal(&stamp, &guard->refused);
	uint64_t now = now_mono_ns();
	struct err err = { 0 };

	/* The files with the error may name a file that has come since. */
	if (web_stamp_equal(&stamp, &guard->config.stamp) ||
	    (again && now - guard->refused_ns < RETRY_NS))
		return;
	guard->refused = stamp;
	guard->refused_ns = now;
	if (read_all(guard, &err) == 0)
		log_info("%s: read again", guard->path);
	else if (!again)
		log_warn("%s; the previous content stays in use", err.msg);
}

void *web_guard_begin(struct web_guard *guard, void *session)
{
	if (!guard->path)
		return NULL;
	refresh(guard);
	return session ? web_tls_begin(guard->tls, session) : NULL;
}

void web_guard_end(struct web_guard *guard, void *handle)
{
	if (handle)
		web_tls_end(guard->tls, handle);
}

enum web_access web_guard_ask(struct web_guard *guard, const char *user, const char *password,
			      struct web_check *ret)
{
	return guard->auth ? web_auth_ask(guard->auth, user, password, ret) : WEB_ALLOWED;
}

void web_guard_learn(struct web_guard *guard, const struct web_check *check)
{
	web_auth_learn(guard->auth, check);
}

bool web_guard_can_check(struct web_guard *guard)
{
	return web_checker_has_room(guard->checker);
}

void web_guard_check(struct web_guard *guard, struct web_check *check)
{
	web_checker_put(guard->checker, check);
}

void web_guard_stop(struct web_guard *guard)
{
	if (guard->checker)
		web_checker_stop(guard->checker);
}
