// SPDX-License-Identifier: Apache-2.0
#include "oci/remote.h"

#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/registry/creds.h"
#include "oci/image_internal.h"
#include "oci/format/json.h"
#include "oci/format/image_index.h"
#include "oci/format/ref.h"
#include "oci/signatures.h"
#include "oci/trust/verify.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int remote_tags(const char *name, const struct remote_opts *opts, struct tag_list *ret,
		struct err *err)
{
	_cleanup_(ref_release) struct ref ref = { 0 };
	_cleanup_registry_ struct registry *registry = NULL;
	int rc = ref_parse(name, &ref, err);

	if (rc == 0 && (ref.has_tag || ref.digest)) {
		if (!ref.digest && !strchr(name, '/') && ref_check_host(name, NULL) == 0)
			err_hint(err, "a registry's repository is %s/REPOSITORY", name);
		rc = err_usage(err,
			       "'%s' is one image; without tag and digest its repository is "
			       "listed",
			       name);
	}
	if (rc == 0)
		rc = registry_open(&registry, ref.host, &opts->registry, err);
	if (rc == 0)
		rc = registry_tags(registry, ref.repository, ret, err);
	if (ret->count)
		qsort(ret->names, ret->count, sizeof(*ret->names), by_text);
	return rc;
}

/* --- inspecting ------------------------------------------------------------------------------ */

struct look {
	struct ref ref;
	struct registry *registry;
	struct document top, manifest;
	struct image_index images;
	struct manifest m;
	struct image_info info;
};

static void look_release(struct look *l)
{
	image_info_release(&l->info);
	manifest_release(&l->m);
	image_index_release(&l->images);
	document_release(&l->manifest);
	document_release(&l->top);
	registry_close(l->registry);
	ref_release(&l->ref);
}

static int look_child(struct look *l, const char *platform, struct err *err)
{
	const struct descriptor *one = NULL;
	int rc = image_index_parse(l->top.bytes, l->top.len, l->top.media_type, &l->images, err);

	if (rc == 0)
		rc = image_index_choose(&l->images, platform, &one, err);
	if (rc < 0 || !one)
		return rc;
	l->info.platforms = image_index_platforms(&l->images);
	l->info.platform = one->platform ? xstrdup(one->platform) : NULL;
	return registry_get(l->registry, l->ref.repository, one->digest, &l->manifest, err);
}

/* What an ordinary config says beside the manifest. That it cannot be had is no reason to fail. */
static void look_config(struct look *l)
{
	_cleanup_free_ void *bytes = NULL;
	_cleanup_json_ json_t *json = NULL;
	const struct descriptor *c = &l->m.config;

	if (registry_get_blob(l->registry, l->ref.repository, c->digest, c->size_bytes,
			      MANIFEST_MAX_BYTES, &bytes, NULL) < 0 ||
	    json_parse("the config", bytes, c->size_bytes, &json, NULL) < 0)
		return;
	image_fill_config(&l->info, json);
}

static int look(struct look *l, const struct remote_opts *opts, struct err *err)
{
	const struct document *doc = &l->top;
	int rc = registry_get(l->registry, l->ref.repository, ref_version(&l->ref), &l->top, err);

	if (rc == 0 && media_is_index(l->top.media_type)) {
		rc = look_child(l, opts->platform, err);
		doc = &l->manifest;
	}
	if (rc == 0)
		rc = manifest_parse(doc->bytes, doc->len, doc->media_type, &l->m, err);
	if (rc < 0) {
		err_exit(err, EXIT_REGISTRY);
		return rc;
	}
	memcpy(l->info.digest, l->top.digest, DIGEST_ROOM);
	l->info.size_bytes = l->top.len + l->manifest.len;
	l->info.manifest_json = xstrndup(doc->bytes, doc->len);
	image_fill_info(&l->info, &l->m);
	look_config(l);
	return 0;
}

static void look_signatures(struct look *l, const struct remote_opts *opts)
{
	signatures_in_registry(l->registry, l->ref.repository, l->top.digest, &l->info);
	if (l->manifest.len)
		signatures_in_registry(l->registry, l->ref.repository, l->manifest.digest,
				       &l->info);
	if (opts->policy)
		verify_name_signers(&(struct sign_place){ NULL, l->registry, l->ref.repository },
				    opts->policy, &l->ref, &l->info);
}

int remote_inspect(const char *name, const struct remote_opts *opts, struct image_info *ret,
		   struct err *err)
{
	_cleanup_(look_release) struct look l = { 0 };
	int rc = ref_parse(name, &l.ref, err);

	if (rc == 0)
		rc = platform_check(opts->platform, err);
	if (rc == 0)
		rc = registry_open(&l.registry, l.ref.host, &opts->registry, err);
	if (rc == 0)
		rc = look(&l, opts, err);
	if (rc < 0)
		return rc;
	look_signatures(&l, opts);
	l.info.name = ref_text(&l.ref);
	*ret = l.info;
	l.info = (struct image_info){ 0 };
	return 0;
}

static int verify_there(struct look *l, const struct remote_opts *opts, struct err *err)
{
	const char *child = l->manifest.digest;
	int rc = look(l, opts, err);

	return rc < 0 ? rc
		      : verify_in_registry(l->registry, opts->policy, &l->ref,
					   *child ? child : l->top.digest, l->top.digest, &l->info,
					   err);
}

static int verify_here(struct look *l, const struct image_info *here,
		       const struct remote_opts *opts, struct err *err)
{
	char own[DIGEST_ROOM];
	const char *origin = here->origin[0] ? here->origin : here->digest;

	digest_of(here->manifest_json, strlen(here->manifest_json), own);
	return verify_in_registry(l->registry, opts->policy, &l->ref, own, origin, &l->info, err);
}

int remote_verify(const char *name, const struct image_info *here, const struct remote_opts *opts,
		  struct image_info *ret, struct err *err)
{
	_cleanup_(look_release) struct look l = { 0 };
	int rc = ref_parse(name, &l.ref, err);

	if (rc == 0)
		rc = registry_open(&l.registry, l.ref.host, &opts->registry, err);
	if (rc < 0)
		return rc;
	rc = here ? verify_here(&l, here, opts, err) : verify_there(&l, opts, err);
	l.info.name = ref_text(&l.ref);
	*ret = l.info;
	l.info = (struct image_info){ 0 };
	return rc;
}

/* --- credentials ----------------------------------------------------------------------------- */

int remote_login(const char *host, const char *user, const char *secret,
		 const struct remote_opts *opts, char **ret_path, struct err *err)
{
	_cleanup_registry_ struct registry *registry = NULL;
	struct registry_opts registry_opts = opts->registry;
	int rc = ref_check_host(host, err);

	registry_opts.user = user;
	registry_opts.secret = secret;
	if (rc == 0)
		rc = registry_open(&registry, host, &registry_opts, err);
	if (rc == 0)
		rc = registry_ping(registry, err);
	return rc < 0 ? rc : creds_save(opts->registry.authfile, host, user, secret, ret_path, err);
}

int remote_logout(const char *host, const char *authfile, char **ret_path, struct err *err)
{
	int rc = ref_check_host(host, err);

	return rc < 0 ? rc : creds_erase(authfile, host, ret_path, err);
}
