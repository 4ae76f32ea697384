// SPDX-License-Identifier: Apache-2.0
/*
 * From a registry into the store. The registry's word counts for nothing: every document and blob
 * is checked against the digest by which its parent names it. Nothing is written under the
 * store's lock but what is complete; blobs that are pruned meanwhile are fetched again.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/util.h"
#include "oci/image_internal.h"
#include "oci/format/manifest.h"
#include "oci/format/image_index.h"
#include "oci/store/part.h"
#include "oci/format/ref.h"
#include "oci/remote.h"
#include "oci/signatures.h"
#include "oci/store/store.h"
#include "oci/trust/verify.h"

#define ALL_PLATFORMS "all"
/* How often another process may remove what is needed before we give up. */
#define MAX_ROUNDS 3
#define MAX_BLOBS (IMAGE_INDEX_MAX_MANIFESTS + 2 * MANIFEST_MAX_LAYERS)

struct need {
	char digest[DIGEST_ROOM];
	uint64_t size_bytes;
	struct blob_part *part; /* NULL: it is in the store */
};

struct pull {
	const char *path, *name;
	const struct remote_opts *opts;
	struct ref ref;
	struct registry *registry;
	struct document *docs; /* in the order in which they are put: the children first */
	size_t ndocs;
	char *platform;		  /* of the one chosen out of several */
	char origin[DIGEST_ROOM]; /* of the index it was chosen from; "" */
	struct need *needs;
	size_t nneeds;
	uint64_t need_bytes;
	struct image_info signatures; /* only its signatures are set */
	struct remote_result result;
};

static void parts_release(struct pull *p)
{
	for (size_t i = 0; i < p->nneeds; i++) {
		part_free(p->needs[i].part);
		p->needs[i].part = NULL;
	}
}

static void pull_release(struct pull *p)
{
	parts_release(p);
	for (size_t i = 0; i < p->ndocs; i++)
		document_release(&p->docs[i]);
	free(p->docs);
	free(p->needs);
	free(p->platform);
	registry_close(p->registry);
	ref_release(&p->ref);
	image_info_release(&p->signatures);
}

static int refused(struct err *err, int rc)
{
	if (rc < 0)
		err_exit(err, EXIT_REGISTRY);
	return rc;
}

/* --- what is needed -------------------------------------------------------------------------- */

static int add_need(struct pull *p, const struct descriptor *desc, struct err *err)
{
	uint64_t max = p->opts->max_bytes ? p->opts->max_bytes : REMOTE_MAX_BYTES;

	for (size_t i = 0; i < p->nneeds; i++) {
		if (!streq(p->needs[i].digest, desc->digest))
			continue;
		if (p->needs[i].size_bytes == desc->size_bytes)
			return 0;
		return err_set(err, EBADMSG, "%s has two sizes in it", desc->digest);
	}
	if (p->nneeds == MAX_BLOBS)
		return err_set(err, EFBIG, "it has more than %d blobs", MAX_BLOBS);
	if (desc->size_bytes > max || p->need_bytes > max - desc->size_bytes) {
		err_hint(err, "--max-size SIZE allows more");
		return err_set(err, EFBIG, "the image is larger than %llu bytes",
			       (unsigned long long)max);
	}
	p->need_bytes += desc->size_bytes;
	p->needs = xreallocarray(p->needs, p->nneeds + 1, sizeof(*p->needs));
	p->needs[p->nneeds] = (struct need){ .size_bytes = desc->size_bytes };
	memcpy(p->needs[p->nneeds++].digest, desc->digest, DIGEST_ROOM);
	return 0;
}

static int by_digest(const void *a, const void *b)
{
	const struct need *na = a, *nb = b;

	return strcmp(na->digest, nb->digest);
}

static void add_document(struct pull *p, struct document *doc)
{
	p->docs = xreallocarray(p->docs, p->ndocs + 1, sizeof(*p->docs));
	p->docs[p->ndocs++] = *doc;
	*doc = (struct document){ 0 };
}

static int take_manifest(struct pull *p, struct document *doc, bool runs, struct err *err)
{
	_cleanup_(manifest_release) struct manifest m = { 0 };
	int rc = manifest_parse(doc->bytes, doc->len, doc->media_type, &m, err);

	if (rc == 0 && runs)
		rc = image_check_runs(&m, err);
	if (rc == 0)
		rc = add_need(p, &m.config, err);
	for (size_t i = 0; rc == 0 && i < m.nlayers; i++)
		rc = add_need(p, &m.layers[i], err);
	if (rc == 0)
		add_document(p, doc);
	return refused(err, rc);
}

static int take_child(struct pull *p, const struct descriptor *desc, struct err *err)
{
	_cleanup_(document_release) struct document doc = { 0 };
	int rc;

	if (!media_is_manifest(desc->media_type))
		return refused(err,
			       err_set(err, ENOTSUP, "its index holds a '%s'", desc->media_type));
	rc = registry_get(p->registry, p->ref.repository, desc->digest, &doc, err);
	if (rc < 0)
		return rc;
	if (!streq(doc.media_type, desc->media_type) || doc.len != desc->size_bytes)
		return refused(err, err_set(err, EBADMSG,
					    "%s is a '%s' of %zu bytes, where its "
					    "index announced a '%s' of %llu",
					    desc->digest, doc.media_type, doc.len, desc->media_type,
					    (unsigned long long)desc->size_bytes));
	return take_manifest(p, &doc, image_index_is_image(desc), err);
}

static int take_index(struct pull *p, struct document *doc, struct err *err)
{
	bool all = p->opts->platform && streq(p->opts->platform, ALL_PLATFORMS);
	_cleanup_(image_index_release) struct image_index images = { 0 };
	const struct descriptor *one = NULL;
	int rc = refused(err,
			 image_index_parse(doc->bytes, doc->len, doc->media_type, &images, err));

	if (rc == 0 && all) {
		for (size_t i = 0; rc == 0 && i < images.nmanifests; i++)
			rc = take_child(p, &images.manifests[i], err);
		if (rc == 0)
			add_document(p, doc);
		return rc;
	}
	if (rc == 0)
		rc = refused(err, image_index_choose(&images, p->opts->platform, &one, err));
	if (rc < 0 || !one)
		return rc;
	memcpy(p->origin, doc->digest, DIGEST_ROOM);
	p->platform = one->platform ? xstrdup(one->platform) : NULL;
	return take_child(p, one, err);
}

static int read_documents(struct pull *p, struct err *err)
{
	_cleanup_(document_release) struct document doc = { 0 };
	int rc = registry_get(p->registry, p->ref.repository, ref_version(&p->ref), &doc, err);

	if (rc < 0)
		return rc;
	return media_is_index(doc.media_type) ? take_index(p, &doc, err)
					      : take_manifest(p, &doc, true, err);
}

/* --- bringing it ----------------------------------------------------------------------------- */

/* In the order of their digests, so that two that wait for each other's parts do not for ever. */
static int open_parts(struct pull *p, struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	int rc;

	/* Makes the layout where there is none, and lets go of the lock. */
	rc = store_open_write(&store, p->path, err);
	if (rc == 0) {
		store_close(steal_ptr(&store));
		rc = store_open_read(&store, p->path, err);
	}
	if (p->nneeds)
		qsort(p->needs, p->nneeds, sizeof(*p->needs), by_digest);
	for (size_t i = 0; rc == 0 && i < p->nneeds; i++) {
		struct need *n = &p->needs[i];

		rc = part_open(store, n->digest, n->size_bytes, &n->part, err);
		rc = MIN(rc, 0);
	}
	return rc;
}

static int fetch(struct pull *p, struct err *err)
{
	_cleanup_free_ struct blob_part **parts = xcalloc(p->nneeds + 1, sizeof(*parts));
	size_t count = 0;
	int rc = open_parts(p, err);

	for (size_t i = 0; i < p->nneeds; i++)
		if (p->needs[i].part)
			parts[count++] = p->needs[i].part;
	for (size_t i = 0; rc == 0 && i < count; i++)
		p->result.bytes += part_size(parts[i]) - part_have(parts[i]);
	if (rc == 0 && count)
		rc = registry_fetch(p->registry, p->ref.repository, parts, count, p->opts->progress,
				    p->opts->ctx, err);
	if (rc == 0)
		p->result.blobs += count;
	return rc;
}

/* 1: something was pruned since it was looked for. */
static int adopt(struct pull *p, struct store *store, struct err *err)
{
	for (size_t i = 0; i < p->nneeds; i++) {
		struct need *n = &p->needs[i];
		int rc = n->part ? part_adopt(n->part, store, err)
				 : store_check_blob(store, n->digest, n->size_bytes, NULL);

		if (rc < 0)
			return n->part ? rc : 1;
	}
	return 0;
}

static int name_it(struct pull *p, struct store *store, struct err *err)
{
	const struct document *top = &p->docs[p->ndocs - 1];
	char created[RFC3339_SECONDS_ROOM], digest[DIGEST_ROOM];
	struct image_pair notes[] = { { NOTE_CREATED, created }, { NOTE_ORIGIN, p->origin } };
	struct descriptor desc = {
		top->media_type, top->digest, top->len, p->platform, notes, *p->origin ? 2 : 1,
	};
	int rc = 0;

	image_time(created);
	for (size_t i = 0; rc == 0 && i < p->ndocs; i++)
		rc = store_put_blob(store, p->docs[i].bytes, p->docs[i].len, digest, err);
	if (rc == 0)
		rc = index_put(store_index(store), p->name, &desc, err);
	if (rc == 0)
		rc = store_commit(store, err);
	return rc;
}

static int commit(struct pull *p, struct err *err)
{
	_cleanup_store_ struct store *store = NULL;
	int rc = store_open_write(&store, p->path, err);

	if (rc == 0)
		rc = adopt(p, store, err);
	if (rc == 0)
		rc = name_it(p, store, err);
	return rc;
}

static int bring(struct pull *p, struct err *err)
{
	int rc = 1;

	for (int i = 0; rc == 1 && i < MAX_ROUNDS; i++) {
		rc = fetch(p, err);
		if (rc == 0)
			rc = commit(p, err);
		parts_release(p);
	}
	if (rc == 1)
		return err_set(err, EBUSY,
			       "another process removed blobs from %s that this one needs",
			       p->path);
	if (rc == 0)
		memcpy(p->result.digest, p->docs[p->ndocs - 1].digest, DIGEST_ROOM);
	return rc;
}

/* --- what is here ---------------------------------------------------------------------------- */

static bool fits(const struct pull *p, const struct index_entry *entry)
{
	const char *want = p->opts->platform;
	_cleanup_free_ char *here = want ? NULL : platform_here();

	if (media_is_index(entry->desc.media_type))
		return want && streq(want, ALL_PLATFORMS);
	if (!annotation_get(entry->desc.annotations, entry->desc.nannotations, NOTE_ORIGIN))
		return true;
	return entry->desc.platform && platform_fits(entry->desc.platform, want ? want : here);
}

/* The digest by which the registry knows what `name` stands for here, where all of it is whole. */
static int known_digest(const struct pull *p, char ret[DIGEST_ROOM], char ret_own[DIGEST_ROOM])
{
	_cleanup_store_ struct store *store = NULL;
	const struct index_entry *entry;
	const char *origin;
	int rc = store_open_read(&store, p->path, NULL);

	if (rc < 0)
		return rc;
	entry = index_find(store_index(store), p->name);
	if (!entry || !fits(p, entry) || store_check_tree(store, &entry->desc, NULL) < 0)
		return -ENOENT;
	origin = annotation_get(entry->desc.annotations, entry->desc.nannotations, NOTE_ORIGIN);
	if (origin && !digest_valid(origin))
		return -ENOENT;
	memcpy(ret, origin ? origin : entry->desc.digest, DIGEST_ROOM);
	memcpy(ret_own, entry->desc.digest, DIGEST_ROOM);
	return 0;
}

/* 1: there is nothing to do. */
static int is_current(struct pull *p, struct err *err)
{
	char known[DIGEST_ROOM], own[DIGEST_ROOM], there[DIGEST_ROOM];
	int rc;

	if (known_digest(p, known, own) < 0)
		return 0;
	if (p->ref.digest)
		rc = streq(p->ref.digest, known) || streq(p->ref.digest, own);
	else
		rc = registry_head(p->registry, p->ref.repository, p->ref.tag, there, err);
	if (rc == 0 && !p->ref.digest)
		rc = streq(there, known);
	if (rc == 1) {
		memcpy(p->result.digest, own, DIGEST_ROOM);
		p->result.current = true;
	}
	return rc;
}

/* Before anything is kept. What is here already is looked at as well: a tag may have been signed,
 * or a key withdrawn, since. */
static int check_trust(struct pull *p, const char *own, const char *origin, struct err *err)
{
	return p->opts->policy ? verify_in_registry(p->registry, p->opts->policy, &p->ref, own,
						    origin, &p->signatures, err)
			       : 0;
}

/* In the store beside the image, so that the next run asks no registry. */
static int keep_signatures(struct pull *p, struct err *err)
{
	int rc = signatures_keep(p->registry, p->ref.repository, &p->signatures, p->path, p->name,
				 err);

	if (rc < 0)
		err_wrap(err, "the signatures");
	return rc;
}

static int check_current(struct pull *p, struct err *err)
{
	char known[DIGEST_ROOM], own[DIGEST_ROOM];
	int rc = known_digest(p, known, own);

	return rc < 0 ? rc : check_trust(p, own, known, err);
}

static int pull_new(struct pull *p, struct err *err)
{
	int rc = read_documents(p, err);

	if (rc == 0 && p->ndocs)
		rc = check_trust(p, p->docs[p->ndocs - 1].digest, p->origin, err);
	return rc < 0 ? rc : bring(p, err);
}

int remote_pull(const char *store, const char *name, const struct remote_opts *opts,
		struct remote_result *ret, struct err *err)
{
	_cleanup_(pull_release) struct pull p = { .path = store, .name = name, .opts = opts };
	int rc = image_check_name(name, err);

	if (rc == 0)
		rc = ref_parse(name, &p.ref, err);
	if (rc == 0)
		rc = platform_check(opts->platform, err);
	if (rc == 0)
		rc = registry_open(&p.registry, p.ref.host, &opts->registry, err);
	if (rc == 0)
		rc = is_current(&p, err);
	if (rc == 1)
		rc = check_current(&p, err);
	else if (rc == 0)
		rc = pull_new(&p, err);
	if (rc == 0)
		rc = keep_signatures(&p, err);
	if (rc < 0)
		return rc;
	*ret = p.result;
	return 0;
}
