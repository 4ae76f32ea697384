// SPDX-License-Identifier: Apache-2.0
/*
 * From the store into a registry: blobs, then manifests, then what the tag stands for, so that at
 * no time a name there stands for something that is not whole.
 */
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/image_internal.h"
#include "oci/format/ref.h"
#include "oci/referrer.h"
#include "oci/remote.h"
#include "oci/signatures.h"

struct push {
	struct store *store;
	const struct remote_opts *opts;
	struct ref ref;
	struct registry *registry;
	const char *top; /* its digest */
	struct blob_send *blobs;
	size_t nblobs;
	struct remote_result result;
};

static void push_release(struct push *p)
{
	free(p->blobs);
	store_close(p->store);
	registry_close(p->registry);
	ref_release(&p->ref);
}

struct holder {
	const char *digest;
	bool found;
};

static int on_held(void *ctx, const struct descriptor *desc, bool is_document, struct err *err)
{
	struct holder *h = ctx;

	h->found = h->found || streq(desc->digest, h->digest);
	return 0;
}

/* Another repository of this registry that an image with this blob came from or went to: a name
 * here says so. malloc'ed; NULL: none is known. */
static char *mount_source(struct push *p, const char *digest)
{
	size_t count;
	const struct index_entry *entries = index_entries(store_index(p->store), &count);

	for (size_t i = 0; i < count; i++) {
		_cleanup_(ref_release) struct ref ref = { 0 };
		struct holder holder = { .digest = digest };

		if (!ref_is_remote(entries[i].name) || ref_parse(entries[i].name, &ref, NULL) < 0 ||
		    !streq(ref.host, p->ref.host) || streq(ref.repository, p->ref.repository))
			continue;
		if (store_walk_tree(p->store, &entries[i].desc, on_held, &holder, NULL) == 0 &&
		    holder.found)
			return steal_ptr(&ref.repository);
	}
	return NULL;
}

static int blob_open(void *ctx, const struct blob_send *blob, int *ret_fd, char **ret_mount_from,
		     struct err *err)
{
	struct push *p = ctx;
	int fd = store_open_blob(p->store, blob->digest, blob->size_bytes, err);

	if (fd < 0) {
		err_exit(err, EXIT_FAILED);
		return fd == -ENOENT ? -EBADMSG : fd;
	}
	*ret_fd = fd;
	*ret_mount_from = mount_source(p, blob->digest);
	return 0;
}

static int collect(void *ctx, const struct descriptor *desc, bool is_document, struct err *err)
{
	struct push *p = ctx;

	if (is_document)
		return 0;
	for (size_t i = 0; i < p->nblobs; i++)
		if (streq(p->blobs[i].digest, desc->digest))
			return 0;
	p->blobs = xreallocarray(p->blobs, p->nblobs + 1, sizeof(*p->blobs));
	p->blobs[p->nblobs] = (struct blob_send){ .size_bytes = desc->size_bytes };
	memcpy(p->blobs[p->nblobs++].digest, desc->digest, DIGEST_ROOM);
	return 0;
}

static int push_blobs(struct push *p, struct err *err)
{
	int rc = registry_send(p->registry, p->ref.repository, p->blobs, p->nblobs, blob_open, p,
			       p->opts->progress, p->opts->ctx, err);

	for (size_t i = 0; rc == 0 && i < p->nblobs; i++) {
		const struct blob_send *blob = &p->blobs[i];

		p->result.mounted += blob->outcome == SEND_MOUNTED;
		if (blob->outcome != SEND_SENT)
			continue;
		p->result.blobs++;
		p->result.bytes += blob->size_bytes;
	}
	return rc;
}

static int push_document(struct push *p, const struct descriptor *desc, struct err *err)
{
	_cleanup_(document_release) struct document doc = { .len = desc->size_bytes };
	bool top = streq(desc->digest, p->top);
	int rc = store_get_blob(p->store, desc->digest, desc->size_bytes, MANIFEST_MAX_BYTES,
				(void **)&doc.bytes, err);

	if (rc < 0)
		return rc;
	doc.media_type = xstrdup(*desc->media_type ? desc->media_type : MEDIA_MANIFEST);
	memcpy(doc.digest, desc->digest, DIGEST_ROOM);
	/* By its digest where the name has one, and where it is below an index. */
	return registry_put(p->registry, p->ref.repository,
			    top && p->ref.tag ? p->ref.tag : desc->digest, &doc, err);
}

static int push_one(void *ctx, const struct descriptor *desc, bool is_document, struct err *err)
{
	return is_document ? push_document(ctx, desc, err) : 0;
}

static int push_tree(struct push *p, const struct descriptor *desc, struct err *err)
{
	int rc;

	p->top = desc->digest;
	p->nblobs = 0;
	rc = store_walk_tree(p->store, desc, collect, p, err);
	if (rc == 0)
		rc = push_blobs(p, err);
	return rc < 0 ? rc : store_walk_tree(p->store, desc, push_one, p, err);
}

/* The artifact type for an index of referrers. */
static int artifact_type(struct push *p, const struct descriptor *desc, char **ret, struct err *err)
{
	_cleanup_(manifest_release) struct manifest m = { 0 };
	_cleanup_free_ void *bytes = NULL;
	int rc = store_get_blob(p->store, desc->digest, desc->size_bytes, MANIFEST_MAX_BYTES,
				&bytes, err);

	if (rc == 0)
		rc = manifest_parse(bytes, desc->size_bytes, NULL, &m, err);
	if (rc == 0)
		*ret = xstrdup(m.artifact_type ? m.artifact_type : m.config.media_type);
	return rc;
}

/* A signature goes to where the image went: under its tag, or as a referrer. */
static int push_signature(void *ctx, const struct index_entry *entry, struct err *err)
{
	struct push *p = ctx;
	const char *tag = has_suffix(entry->name, ".sig") ? strrchr(entry->name, ':') : NULL;
	_cleanup_free_ char *own = steal_ptr(&p->ref.tag), *type = NULL;
	int rc;

	p->ref.tag = tag ? xstrdup(tag + 1) : NULL;
	rc = push_tree(p, &entry->desc, err);
	if (rc == 0 && !tag)
		rc = artifact_type(p, &entry->desc, &type, err);
	if (rc == 0 && !tag)
		rc = referrer_announce(p->registry, p->ref.repository, p->result.digest,
				       &entry->desc, type, err);
	free(p->ref.tag);
	p->ref.tag = steal_ptr(&own);
	return rc;
}

int remote_push(const char *store, const char *name, const char *to, const struct remote_opts *opts,
		struct remote_result *ret, struct err *err)
{
	_cleanup_(push_release) struct push p = { .opts = opts };
	const struct index_entry *entry = NULL;
	int rc = ref_parse(to, &p.ref, err);

	if (rc == 0)
		rc = store_open_read(&p.store, store, err);
	if (rc == 0)
		rc = image_find_entry(p.store, name, &entry, err);
	if (rc < 0 || !entry)
		return rc;
	if (p.ref.digest && !streq(p.ref.digest, entry->desc.digest))
		return err_usage(err, "%s is %s, which cannot be pushed as another digest", name,
				 entry->desc.digest);
	memcpy(p.result.digest, entry->desc.digest, DIGEST_ROOM);
	rc = registry_open(&p.registry, p.ref.host, &opts->registry, err);
	if (rc == 0)
		rc = push_tree(&p, &entry->desc, err);
	if (rc == 0)
		rc = signatures_each(p.store, p.result.digest, push_signature, &p, err);
	if (rc < 0)
		return rc;
	*ret = p.result;
	return 0;
}
