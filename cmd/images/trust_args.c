// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/trust_args.h"

#include <errno.h>

#include "base/util.h"

static bool has_policy(void)
{
	return may_access(POLICY_PATH, F_OK) == 0 || errno != ENOENT;
}

bool trust_asked(const struct trust_args *args)
{
	return args->verify_keys.count || args->policy || has_policy();
}

int trust_policy(const struct trust_args *args, struct policy **ret, struct err *err)
{
	_cleanup_policy_ struct policy *policy = policy_new();
	int rc = 0;

	for (size_t i = 0; args && rc == 0 && i < args->verify_keys.count; i++) {
		rc = policy_add_key(policy, args->verify_keys.words[i], err);
		if (rc < 0)
			err_exit(err, EXIT_USAGE);
	}
	if (rc == 0 && args && args->policy)
		rc = policy_read(policy, args->policy, err);
	else if (rc == 0 && has_policy())
		rc = policy_read(policy, POLICY_PATH, err);
	if (rc == 0)
		*ret = steal_ptr(&policy);
	return rc;
}
