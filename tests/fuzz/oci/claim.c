// SPDX-License-Identifier: Apache-2.0
/* Signed statements and bundles as a registry serves them, before and after their signatures. */
#include "base/err.h"
#include "oci/trust/claim.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
	struct envelope envelope = { 0 };
	struct claim claim = { 0 };
	struct err err = { 0 };

	claim_read(bytes, len, &claim, &err);
	claim_release(&claim);
	if (envelope_read(bytes, len, &envelope, &err) == 0)
		envelope_claim(&envelope, &claim, &err);
	claim_release(&claim);
	envelope_release(&envelope);
	return 0;
}
