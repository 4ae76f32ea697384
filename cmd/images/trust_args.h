/* SPDX-License-Identifier: Apache-2.0 */
/* The options of every command that asks for signatures, and the policy that they make. */
#ifndef BOMBUS_CMD_IMAGES_TRUST_ARGS_H
#define BOMBUS_CMD_IMAGES_TRUST_ARGS_H

#include "cmd/cmd.h"
#include "oci/trust/policy.h"

struct trust_args {
	struct words verify_keys;
	const char *policy;
};

#define POLICY_PATH "/etc/bombus/policy.json"

/* Entries of an option table; `at` is the offset of the struct trust_args. */
/* clang-format off */
#define TRUST_OPTS(at) TRUST_OPTS_KEY(at, "verify-key")
#define TRUST_OPTS_KEY(at, key_name)									\
	{ .kind = OPT_GROUP, .help = "Signatures" },					\
	{ 0, key_name, "FILE", OPT_WORDS, (at) + offsetof(struct trust_args, verify_keys), \
	  "refuse images without a signature by this public key (PEM); of several, one is enough", \
	  NULL, "file" },								\
	{ 0, "policy", "FILE", OPT_TEXT, (at) + offsetof(struct trust_args, policy),	\
	  "accept only images that this policy allows (" POLICY_PATH ", if it exists)", NULL, "file" }
/* clang-format on */

/* Whether the user or the system demands signatures, by keys or a policy. */
bool trust_asked(const struct trust_args *args);

/* args NULL: the system's policy alone. A policy that cannot be read is an error: it may forbid
 * what is asked for. */
int trust_policy(const struct trust_args *args, struct policy **ret, struct err *err);

static inline void policy_freep(struct policy **policy)
{
	policy_free(*policy);
}
#define _cleanup_policy_ _cleanup_(policy_freep)

#endif
