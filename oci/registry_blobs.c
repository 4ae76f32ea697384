// SPDX-License-Identifier: Apache-2.0
/* Blobs of a registry, there and back. */
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/part.h"
#include "oci/registry_internal.h"
#include "base/url.h"

#define MAX_PARALLEL 4
#define UPLOAD_TRIES 4

static char *blob_url(const struct registry *registry, const char *repository, const char *digest)
{
	return xasprintf("%s/v2/%s/blobs/%s", registry->base, repository, digest);
}

int registry_get_blob(struct registry *registry, const char *repository, const char *digest,
		      uint64_t size_bytes, size_t max_bytes, void **ret, struct err *err)
{
	_cleanup_free_ char *scope = registry_scope(repository, "pull");
	_cleanup_(transfer_release) struct transfer t = { 0 };
	char found[DIGEST_ROOM];
	struct strbuf *body = &t.call.response.body;
	int rc;

	if (size_bytes > max_bytes)
		return err_set(err, EFBIG, "%s is larger than %zu bytes", digest, max_bytes);
	t = registry_request(registry, "GET", repository, scope,
			     blob_url(registry, repository, digest));
	t.max_body = max_bytes;
	rc = registry_run(&t, 200, digest, err);
	if (rc < 0)
		return rc;
	digest_of(strbuf_str(body), body->len, found);
	if (body->len != size_bytes || !streq(found, digest)) {
		err_exit(err, EXIT_REGISTRY);
		return err_set(err, EBADMSG, "what came is not %s: %zu bytes with digest %s",
			       digest, body->len, found);
	}
	*ret = strbuf_steal(body);
	if (!*ret)
		*ret = xstrdup("");
	return 0;
}

/* --- fetching -------------------------------------------------------------------------------- */

struct fetch {
	struct transfer transfer;
	struct blob_part *part;
	registry_progress progress;
	void *ctx;
	bool restarted; /* what an earlier attempt had left was wrong; this happens once */
	bool running;
};

static uint64_t fetch_offset(void *ctx)
{
	const struct fetch *f = ctx;

	return part_have(f->part);
}

static bool fetch_complete(void *ctx)
{
	const struct fetch *f = ctx;

	return part_have(f->part) == part_size(f->part);
}

static int fetch_sink(void *ctx, const struct http_response *r, const void *bytes, size_t len)
{
	struct fetch *f = ctx;
	struct err *err = &f->transfer.call.err;
	int rc = 0;

	/* The first bytes of an answer that begins elsewhere than it was asked to. */
	if (f->transfer.last_offset && part_have(f->part) == f->transfer.last_offset &&
	    (r->status != 206 || r->range_start != (int64_t)f->transfer.last_offset)) {
		if (r->status == 206)
			return err_set(err, EBADMSG, "%s: it sends another part than was asked for",
				       part_digest(f->part));
		rc = part_restart(f->part, err);
		f->transfer.last_offset = 0;
	}
	if (rc == 0)
		rc = part_write(f->part, bytes, len, err);
	if (rc == 0 && f->progress)
		f->progress(f->ctx, part_digest(f->part), part_have(f->part), part_size(f->part));
	return rc;
}

static void fetch_begin(struct fetch *f, struct registry *registry, const char *repository,
			const char *scope)
{
	f->transfer = registry_request(registry, "GET", repository, scope,
				       blob_url(registry, repository, part_digest(f->part)));
	f->transfer.sink = fetch_sink;
	f->transfer.offset = fetch_offset;
	f->transfer.complete = fetch_complete;
	f->transfer.ctx = f;
	f->running = true;
	transfer_begin(&f->transfer);
}

/* 1: from the start again. */
static int fetch_end(struct fetch *f, struct err *err)
{
	const struct transfer *t = &f->transfer;
	bool resumed = t->last_offset > 0 || t->resumes > 0;
	int status = t->call.response.status, rc;

	if (t->result < 0) {
		*err = t->err;
		return t->result;
	}
	if (status == 416 && resumed && !f->restarted) {
		f->restarted = true;
		rc = part_restart(f->part, err);
		return rc < 0 ? rc : 1;
	}
	if (status == 416 && resumed) {
		err_exit(err, EXIT_REGISTRY);
		return err_set(err, EBADMSG,
			       "%s ends too early: it has less than the %llu bytes "
			       "that were announced",
			       part_digest(f->part), (unsigned long long)part_size(f->part));
	}
	if (status != 200 && status != 206)
		return transfer_refused(t, part_digest(f->part), err);
	/* What stood there may have been damaged: then it is not the registry's fault. */
	rc = part_finish(f->part, err);
	if (rc == -EBADMSG && resumed && !f->restarted) {
		f->restarted = true;
		return 1;
	}
	if (rc < 0)
		err_exit(err, EXIT_REGISTRY);
	return rc;
}

static void fetch_stop(struct fetch *f)
{
	if (f->running)
		transfer_release(&f->transfer);
	f->running = false;
}

static int fetch_wait(struct registry *registry, struct fetch *list, size_t count)
{
	int patience = 1000;

	for (size_t i = 0; i < count; i++)
		if (list[i].running)
			patience = MIN(patience, transfer_patience_ms(&list[i].transfer));
	http_wait(registry->env.http, patience);
	return 0;
}

struct fetching {
	struct registry *registry;
	const char *repository;
	char *scope;
	struct fetch *list;
	size_t count, next, running;
};

static int fetch_step(struct fetching *all, struct fetch *f, struct err *err)
{
	int rc;

	if (!f->running || !transfer_step(&f->transfer))
		return 0;
	rc = fetch_end(f, err);
	fetch_stop(f);
	if (rc == 1)
		fetch_begin(f, all->registry, all->repository, all->scope);
	else
		all->running--;
	return MIN(rc, 0);
}

static void fetching_release(struct fetching *all)
{
	for (size_t i = 0; i < all->count; i++)
		fetch_stop(&all->list[i]);
	free(all->list);
	free(all->scope);
}

int registry_fetch(struct registry *registry, const char *repository, struct blob_part **parts,
		   size_t count, registry_progress progress, void *ctx, struct err *err)
{
	_cleanup_(fetching_release) struct fetching all = {
		.registry = registry,
		.repository = repository,
		.scope = registry_scope(repository, "pull"),
		.list = xcalloc(count + 1, sizeof(*all.list)),
		.count = count,
	};

	for (size_t i = 0; i < count; i++)
		all.list[i] = (struct fetch){ .part = parts[i], .progress = progress, .ctx = ctx };
	while (all.next < count || all.running) {
		while (all.next < count && all.running < MAX_PARALLEL) {
			struct fetch *f = &all.list[all.next++];

			/* What an earlier process brought to its end needs no request. */
			if (part_have(f->part) == part_size(f->part) &&
			    part_finish(f->part, NULL) == 0)
				continue;
			fetch_begin(f, registry, repository, all.scope);
			all.running++;
		}
		for (size_t i = 0; i < all.next; i++) {
			int rc = fetch_step(&all, &all.list[i], err);

			if (rc < 0) {
				err_wrap(err, "%s/%s", registry->host, repository);
				return rc;
			}
		}
		if (all.running)
			fetch_wait(registry, all.list, all.next);
	}
	return 0;
}

/* --- sending --------------------------------------------------------------------------------- */

int registry_has_blob(struct registry *registry, const char *repository, const char *digest,
		      struct err *err)
{
	_cleanup_free_ char *scope = registry_scope(repository, "pull,push");
	_cleanup_(transfer_release) struct transfer t = registry_request(
		registry, "HEAD", repository, scope, blob_url(registry, repository, digest));
	int rc = transfer_run(&t, err);

	if (rc < 0)
		return rc;
	if (t.call.response.status == 404)
		return 0;
	return t.call.response.status == 200 ? 1 : transfer_refused(&t, digest, err);
}

struct sending {
	const char *digest;
	uint64_t size_bytes;
	int fd;
	registry_progress progress;
	void *ctx;
};

static void on_sent(void *ctx, uint64_t bytes)
{
	const struct sending *s = ctx;

	if (s->progress)
		s->progress(s->ctx, s->digest, bytes, s->size_bytes);
}

/* Where to send it (*ret), or 1: it was mounted. */
static int begin_upload(struct registry *registry, const char *repository, const char *scope,
			const char *digest, const char *mount_from, char **ret, struct err *err)
{
	_cleanup_strbuf_ struct strbuf url = STRBUF_INIT(URL_MAX_BYTES);
	_cleanup_(transfer_release) struct transfer t = { 0 };
	const struct http_response *r = &t.call.response;
	int rc;

	strbuf_addf(&url, "%s/v2/%s/blobs/uploads/", registry->base, repository);
	if (mount_from) {
		strbuf_addf(&url, "?mount=%s&from=", digest);
		url_escape(&url, mount_from);
	}
	t = registry_request(registry, "POST", repository, scope, strbuf_steal(&url));
	rc = transfer_run(&t, err);
	if (rc < 0)
		return rc;
	if (r->status == 201 && mount_from)
		return 1;
	if (r->status != 202)
		return transfer_refused(&t, "uploading", err);
	if (!r->location) {
		err_exit(err, EXIT_REGISTRY);
		return err_set(err, EBADMSG, "uploading: it does not say where to");
	}
	return url_join(t.url, r->location, ret, err);
}

static int upload(struct registry *registry, const char *repository, const char *scope,
		  struct sending *s, const char *location, bool *ret_broken, struct err *err)
{
	char *url =
		xasprintf("%s%cdigest=%s", location, strchr(location, '?') ? '&' : '?', s->digest);
	_cleanup_(transfer_release) struct transfer t =
		registry_request(registry, "PUT", repository, scope, url);
	int rc;

	t.content_type = "Content-Type: application/octet-stream";
	t.body_fd = s->fd;
	t.body_bytes = s->size_bytes;
	t.sent = on_sent;
	t.ctx = s;
	/* What became of the upload is not known after a failure: it begins anew. */
	t.once = true;
	rc = transfer_run(&t, err);
	*ret_broken = (rc < 0 && t.call.broken) || (rc == 0 && t.call.response.status >= 500);
	if (rc < 0)
		return rc;
	return t.call.response.status == 201 ? 0 : transfer_refused(&t, s->digest, err);
}

/* Another place gets no credentials, and an address without TLS nothing at all. */
static int check_location(const struct registry *registry, const char *location, struct err *err)
{
	if (!url_is_secure(registry->base) || url_is_secure(location))
		return 0;
	err_exit(err, EXIT_REGISTRY);
	return err_set(err, EBADMSG, "uploading: it wants it by plain HTTP");
}

int registry_put_blob(struct registry *registry, const char *repository, const char *digest,
		      uint64_t size_bytes, int fd, const char *mount_from,
		      registry_progress progress, void *ctx, struct err *err)
{
	struct sending s = { digest, size_bytes, fd, progress, ctx };
	_cleanup_free_ char *own = registry_scope(repository, "pull,push");
	_cleanup_free_ char *scope =
		mount_from ? xasprintf("%s repository:%s:pull", own, mount_from) : xstrdup(own);
	bool broken = true;
	int rc = 0;

	for (int i = 0; i < UPLOAD_TRIES && broken; i++) {
		_cleanup_free_ char *location = NULL;

		broken = false;
		rc = i ? registry_has_blob(registry, repository, digest, err) : 0;
		if (rc)
			break;
		rc = begin_upload(registry, repository, scope, digest, mount_from, &location, err);
		if (rc == 0 && location)
			rc = check_location(registry, location, err);
		if (rc == 0 && location)
			rc = upload(registry, repository, scope, &s, location, &broken, err);
	}
	if (rc < 0)
		err_wrap(err, "%s/%s", registry->host, repository);
	return rc;
}
