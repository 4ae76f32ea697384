/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One registry (https://github.com/opencontainers/distribution-spec): its manifests, blobs and
 * tags. HTTPS; plain HTTP if the registry is on this machine and no option names a certificate, or
 * if the user asks for it. Every error is EXIT_REGISTRY.
 */
#ifndef BOMBUS_OCI_REGISTRY_REGISTRY_H
#define BOMBUS_OCI_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "oci/format/digest.h"

struct err;
struct blob_part;
struct registry;

struct registry_opts {
	bool plain_http, insecure;
	const char *ca_file, *cert_file, *key_file, *authfile;
	const char *user, *secret; /* instead of credential files; NULL: from the files */
	unsigned retries;	   /* of one request that fails; 0: the default */
};

/* `host` as in references. Nothing is sent yet. */
int registry_open(struct registry **ret, const char *host, const struct registry_opts *opts,
		  struct err *err);
void registry_close(struct registry *registry);
static inline void registry_closep(struct registry **registry)
{
	registry_close(*registry);
}
#define _cleanup_registry_ __attribute__((cleanup(registry_closep)))

/* Whether it lets us in at all. */
int registry_ping(struct registry *registry, struct err *err);

/* The digest behind a tag; "" where the registry does not say it. -ENOENT. */
int registry_head(struct registry *registry, const char *repository, const char *version,
		  char ret_digest[DIGEST_ROOM], struct err *err);

/* A manifest or an index, verified where `version` is a digest. */
struct document {
	char *bytes;
	size_t len;
	char *media_type; /* as announced */
	char digest[DIGEST_ROOM];
};
void document_release(struct document *doc);
int registry_get(struct registry *registry, const char *repository, const char *version,
		 struct document *ret, struct err *err);
int registry_put(struct registry *registry, const char *repository, const char *version,
		 const struct document *doc, struct err *err);

/* The index of referrers of a manifest (OCI 1.1). 1: the registry has no such interface. */
int registry_referrers(struct registry *registry, const char *repository, const char *digest,
		       struct document *ret, struct err *err);

/* A small blob, such as a config, verified; malloc'ed. */
int registry_get_blob(struct registry *registry, const char *repository, const char *digest,
		      uint64_t size_bytes, size_t max_bytes, void **ret, struct err *err);

/* Called while blobs move: `done` of `total` bytes. */
typedef void (*registry_progress)(void *ctx, const char *digest, uint64_t done, uint64_t total);

/* Completes the blobs, several at a time, each from where it stands, and checks them. */
int registry_fetch(struct registry *registry, const char *repository, struct blob_part **parts,
		   size_t count, registry_progress progress, void *ctx, struct err *err);

/*
 * Sends the blobs that the registry does not have, several at a time. For a blob that the registry
 * lacks, source() returns its file, which is read from the start and closed here, and may name a
 * repository of the same registry that has the blob (malloc'ed; NULL: none). A broken upload
 * continues at the offset that the registry reports, otherwise from the start.
 */
struct blob_send {
	char digest[DIGEST_ROOM];
	uint64_t size_bytes;
	enum { SEND_THERE, SEND_MOUNTED, SEND_SENT } outcome;
};
typedef int (*blob_source)(void *ctx, const struct blob_send *blob, int *ret_fd,
			   char **ret_mount_from, struct err *err);
int registry_send(struct registry *registry, const char *repository, struct blob_send *blobs,
		  size_t count, blob_source source, void *source_ctx, registry_progress progress,
		  void *ctx, struct err *err);

/*
 * All tags, in the registry's order. After an error the list has those that came before it.
 * `refused` counts the listed texts that cannot be a tag.
 */
struct tag_list {
	char **names;
	size_t count, refused;
};
int registry_tags(struct registry *registry, const char *repository, struct tag_list *ret,
		  struct err *err);
void tag_list_release(struct tag_list *tags);

#endif
