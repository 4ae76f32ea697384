/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose images may run: keys from the command line, and a policy file in the format of
 * containers-policy.json(5): `default` and `transports.docker` with lists of requirements by
 * registry, repository or reference. All requirements of the nearest scope must hold.
 *
 *	insecureAcceptAnything, reject
 *	sigstoreSigned	keyPath, keyPaths, keyData, keyDatas; signedIdentity matchExact,
 *			matchRepoDigestOrExact (the default), matchRepository,
 *			exactReference, exactRepository
 *
 * Everything else is refused when the file is read, so that no requirement is passed over: keyless
 * certificates (fulcio), transparency logs (rekor), GPG (signedBy).
 */
#ifndef BOMBUS_OCI_TRUST_POLICY_H
#define BOMBUS_OCI_TRUST_POLICY_H

#include <stdbool.h>
#include <stddef.h>

struct claim;
struct err;
struct key;
struct policy;
struct ref;

#define POLICY_MAX_KEYS 64

struct requirement {
	enum { REQUIRE_NOTHING, REQUIRE_REJECT, REQUIRE_SIGNED } kind;
	struct key **keys; /* one of them */
	size_t nkeys;
	enum {
		NAME_ANY,
		NAME_EXACT,
		NAME_EXACT_OR_DIGEST,
		NAME_REPOSITORY,
		NAME_IS,
		NAME_REPOSITORY_IS
	} name;
	bool name_stated;
	char *wanted; /* of NAME_IS and NAME_REPOSITORY_IS */
};

struct policy *policy_new(void);
void policy_free(struct policy *policy);

/* One of these keys must have signed every image; a call adds one. */
int policy_add_key(struct policy *policy, const char *path, struct err *err);
/* Adds a file. EXIT_USAGE. */
int policy_read(struct policy *policy, const char *path, struct err *err);
int policy_parse(struct policy *policy, const char *path, const void *bytes, size_t len,
		 struct err *err);

/* The requirements for an image: at most two lists, that of the keys and that of the file.
 * Borrowed. */
struct requirements {
	const struct requirement *list;
	size_t count;
};
#define POLICY_LISTS 2
void policy_for(const struct policy *policy, const struct ref *ref,
		struct requirements ret[POLICY_LISTS]);
/* Whether an image of this name needs any signature. */
bool policy_asks(const struct policy *policy, const struct ref *ref);

/* Whether a signed statement names the image as the requirement wants it. */
bool requirement_names(const struct requirement *requirement, const struct claim *claim,
		       const struct ref *ref);

#endif
