// SPDX-License-Identifier: Apache-2.0
#include "oci/trust/policy.h"

#include <errno.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/util.h"
#include "oci/format/json.h"
#include "oci/format/ref.h"
#include "oci/trust/claim.h"
#include "oci/trust/key.h"

#define MAX_POLICY_BYTES (1u << 20)

struct scope {
	char *name; /* "" is the default */
	struct requirement *list;
	size_t count;
};

struct policy {
	struct requirement by_key; /* of the command line */
	struct scope *scopes;	   /* of the file */
	size_t nscopes;
};

static void requirement_release(struct requirement *r)
{
	for (size_t i = 0; i < r->nkeys; i++)
		key_free(r->keys[i]);
	free(r->keys);
	free(r->wanted);
}

struct policy *policy_new(void)
{
	struct policy *policy = xcalloc(1, sizeof(*policy));

	policy->by_key.kind = REQUIRE_SIGNED;
	return policy;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	requirement_release(&policy->by_key);
	for (size_t i = 0; i < policy->nscopes; i++) {
		for (size_t j = 0; j < policy->scopes[i].count; j++)
			requirement_release(&policy->scopes[i].list[j]);
		free(policy->scopes[i].list);
		free(policy->scopes[i].name);
	}
	free(policy->scopes);
	free(policy);
}

static int add_key(struct requirement *r, struct key *key, struct err *err)
{
	if (r->nkeys == POLICY_MAX_KEYS) {
		key_free(key);
		return err_usage(err, "more than %d keys", POLICY_MAX_KEYS);
	}
	r->keys = xreallocarray(r->keys, r->nkeys + 1, sizeof(struct key *));
	r->keys[r->nkeys++] = key;
	return 0;
}

static int add_key_file(struct requirement *r, const char *path, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	struct key *key = NULL;
	size_t len = 0;
	int rc = read_file(path, KEY_MAX_BYTES, &bytes, &len, err);

	if (rc >= 0)
		rc = key_public(path, bytes, len, &key, err);
	return rc < 0 ? rc : add_key(r, key, err);
}

int policy_add_key(struct policy *policy, const char *path, struct err *err)
{
	return add_key_file(&policy->by_key, path, err);
}

/* --- the file -------------------------------------------------------------------------------- */

static int add_key_data(struct requirement *r, const char *text, struct err *err)
{
	_cleanup_free_ char *bytes = xcalloc(1, strlen(text) + 1);
	struct key *key = NULL;
	size_t len = 0;
	int rc = 0;

	if (base64_decode(bytes, strlen(text), text, &len) < 0)
		rc = err_set(err, EBADMSG, "keyData is not base64");
	if (rc == 0)
		rc = key_public("keyData", bytes, len, &key, err);
	return rc < 0 ? rc : add_key(r, key, err);
}

/* A member that is one text, or with an `s` a list of them. */
static int add_keys(struct requirement *r, const char *name, const json_t *value, struct err *err)
{
	bool path = has_prefix(name, "keyPath");
	const json_t *one;
	size_t i;
	int rc = 0;

	if (!has_suffix(name, "s")) {
		if (!json_is_string(value))
			return err_set(err, EBADMSG, "%s is not a text", name);
		return path ? add_key_file(r, json_string_value(value), err)
			    : add_key_data(r, json_string_value(value), err);
	}
	json_array_foreach(value, i, one)
	{
		if (rc == 0 && !json_is_string(one))
			rc = err_set(err, EBADMSG, "%s is not a list of texts", name);
		if (rc == 0)
			rc = path ? add_key_file(r, json_string_value(one), err)
				  : add_key_data(r, json_string_value(one), err);
	}
	return rc;
}

static int read_identity(struct requirement *r, const json_t *json, struct err *err)
{
	static const struct {
		const char *type, *member;
		int name;
	} types[] = {
		{ "matchExact", NULL, NAME_EXACT },
		{ "matchRepoDigestOrExact", NULL, NAME_EXACT_OR_DIGEST },
		{ "matchRepository", NULL, NAME_REPOSITORY },
		{ "exactReference", "dockerReference", NAME_IS },
		{ "exactRepository", "dockerRepository", NAME_REPOSITORY_IS },
	};
	const char *type = NULL, *wanted = NULL;
	int rc = json_get_text(json, "type", &type, err);

	for (size_t i = 0; rc == 0 && type && i < ARRAY_LEN(types); i++) {
		if (!streq(types[i].type, type))
			continue;
		r->name = types[i].name;
		r->name_stated = true;
		if (types[i].member)
			rc = json_get_text(json, types[i].member, &wanted, err);
		if (rc == 0 && types[i].member && !wanted)
			rc = err_set(err, EBADMSG, "signedIdentity has no %s", types[i].member);
		if (rc == 0 && wanted)
			r->wanted = xstrdup(wanted);
		return rc;
	}
	return rc < 0 ? rc
		      : err_set(err, ENOTSUP, "signedIdentity '%s' is not supported",
				type ? type : "");
}

static int read_signed(struct requirement *r, const json_t *json, struct err *err)
{
	static const char *const key_members[] = { "keyPath", "keyPaths", "keyData", "keyDatas" };
	const char *name;
	json_t *value;
	int rc = 0;

	r->kind = REQUIRE_SIGNED;
	r->name = NAME_EXACT_OR_DIGEST;
	json_object_foreach((json_t *)json, name, value)
	{
		bool is_key = false;

		for (size_t i = 0; i < ARRAY_LEN(key_members); i++)
			is_key = is_key || streq(name, key_members[i]);
		if (rc < 0 || streq(name, "type"))
			continue;
		if (is_key)
			rc = add_keys(r, name, value, err);
		else if (streq(name, "signedIdentity"))
			rc = read_identity(r, value, err);
		else
			rc = err_set(err, ENOTSUP,
				     "'%s' is not supported: it cannot be checked here", name);
	}
	if (rc == 0 && !r->nkeys)
		rc = err_set(err, EBADMSG, "sigstoreSigned has no key");
	return rc;
}

static int read_requirement(struct requirement *r, const json_t *json, struct err *err)
{
	const char *type = NULL;
	int rc = json_get_text(json, "type", &type, err);

	if (rc < 0)
		return rc;
	if (type && streq(type, "sigstoreSigned"))
		return read_signed(r, json, err);
	r->kind = REQUIRE_REJECT;
	if (type && streq(type, "insecureAcceptAnything"))
		r->kind = REQUIRE_NOTHING;
	else if (!type || !streq(type, "reject"))
		return err_set(err, ENOTSUP, "the requirement '%s' is not supported",
			       type ? type : "");
	return 0;
}

static int read_scope(struct policy *policy, const char *name, const json_t *list, struct err *err)
{
	struct scope *scope;
	const json_t *one;
	size_t i;
	int rc = 0;

	if (!json_is_array(list) || !json_array_size(list)) {
		rc = err_set(err, EBADMSG, "it is not a list of requirements");
		err_wrap(err, "'%s'", *name ? name : "default");
		return rc;
	}
	policy->scopes =
		xreallocarray(policy->scopes, policy->nscopes + 1, sizeof(*policy->scopes));
	scope = &policy->scopes[policy->nscopes++];
	*scope = (struct scope){ xstrdup(name),
				 xcalloc(json_array_size(list), sizeof(*scope->list)), 0 };
	json_array_foreach(list, i, one)
	{
		if (rc == 0)
			rc = read_requirement(&scope->list[scope->count++], one, err);
	}
	if (rc < 0)
		err_wrap(err, "'%s'", *name ? name : "default");
	return rc;
}

static int read_policy(struct policy *policy, const json_t *json, struct err *err)
{
	const json_t *docker = json_object_get(json_object_get(json, "transports"), "docker");
	const char *name;
	json_t *value;
	int rc = read_scope(policy, "", json_object_get(json, "default"), err);

	json_object_foreach((json_t *)docker, name, value)
	{
		if (rc == 0)
			rc = read_scope(policy, name, value, err);
	}
	return rc;
}

int policy_parse(struct policy *policy, const char *path, const void *bytes, size_t len,
		 struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	int rc = json_parse("it", bytes, len, &json, err);

	if (rc == 0)
		rc = read_policy(policy, json, err);
	if (rc < 0) {
		err_wrap(err, "the policy %s", path);
		err_exit(err, EXIT_USAGE);
	}
	return rc;
}

int policy_read(struct policy *policy, const char *path, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	size_t len = 0;
	int rc = read_file(path, MAX_POLICY_BYTES, &bytes, &len, err);

	return rc < 0 ? rc : policy_parse(policy, path, bytes, len, err);
}

/* --- for an image ---------------------------------------------------------------------------- */

static const struct scope *scope_named(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->nscopes; i++)
		if (streq(policy->scopes[i].name, name))
			return &policy->scopes[i];
	return NULL;
}

/* HOST/REPOSITORY:TAG or @DIGEST, the repository, its parents, the host, *.DOMAIN, the default. */
static const struct scope *scope_of(const struct policy *policy, const struct ref *ref)
{
	_cleanup_free_ char *whole = ref_text(ref);
	_cleanup_free_ char *name = xasprintf("%s/%s", ref->host, ref->repository);
	const struct scope *found = scope_named(policy, whole);
	const char *dot = ref->host;
	char *slash;

	while (!found) {
		found = scope_named(policy, name);
		slash = strrchr(name, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	while (!found && (dot = strchr(dot, '.'))) {
		_cleanup_free_ char *domain = xasprintf("*%s", dot++);

		found = scope_named(policy, domain);
	}
	return found ? found : scope_named(policy, "");
}

void policy_for(const struct policy *policy, const struct ref *ref,
		struct requirements ret[POLICY_LISTS])
{
	const struct scope *scope = scope_of(policy, ref);

	ret[0] = (struct requirements){ &policy->by_key, policy->by_key.nkeys ? 1 : 0 };
	ret[1] = (struct requirements){ scope ? scope->list : NULL, scope ? scope->count : 0 };
}

bool policy_asks(const struct policy *policy, const struct ref *ref)
{
	struct requirements lists[POLICY_LISTS];

	policy_for(policy, ref, lists);
	for (size_t l = 0; l < POLICY_LISTS; l++)
		for (size_t i = 0; i < lists[l].count; i++)
			if (lists[l].list[i].kind != REQUIRE_NOTHING)
				return true;
	return false;
}

static bool same_repository(const struct ref *a, const char *host, const char *repository)
{
	return streq(a->host, host) && streq(a->repository, repository);
}

static bool names_exactly(const struct ref *signed_as, const struct ref *ref)
{
	_cleanup_free_ char *a = ref_text(signed_as), *b = ref_text(ref);

	return streq(a, b);
}

bool requirement_names(const struct requirement *r, const struct claim *claim,
		       const struct ref *ref)
{
	_cleanup_(ref_release) struct ref named = { 0 }, wanted = { 0 };

	if (r->name == NAME_ANY)
		return true;
	/* A bundle names no image: it meets a requirement that states no name itself. */
	if (!claim->reference)
		return !r->name_stated;
	if (ref_parse(claim->reference, &named, NULL) ||
	    (r->wanted && ref_parse(r->wanted, &wanted, NULL)))
		return false;
	switch (r->name) {
	case NAME_REPOSITORY:
		return same_repository(&named, ref->host, ref->repository);
	case NAME_EXACT_OR_DIGEST:
		return ref->digest ? same_repository(&named, ref->host, ref->repository)
				   : named.has_tag && names_exactly(&named, ref);
	case NAME_EXACT:
		return (named.has_tag || named.digest) && names_exactly(&named, ref);
	case NAME_IS:
		return r->wanted && names_exactly(&named, &wanted);
	case NAME_REPOSITORY_IS:
		return r->wanted && same_repository(&named, wanted.host, wanted.repository);
	default:
		return false;
	}
}
