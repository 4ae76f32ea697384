// SPDX-License-Identifier: Apache-2.0
#include "cmd/source_date.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/parse.h"

bool is_unix_time(const char *text, uint64_t *ret_s)
{
	return parse_u64(text, ret_s) == 0 && *ret_s <= UINT64_MAX / 1000000000;
}

int source_date(uint64_t *ret_unix_s, struct err *err)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t seconds;

	if (!epoch || !*epoch)
		return 0;
	if (!is_unix_time(epoch, &seconds))
		return err_usage(err, "SOURCE_DATE_EPOCH is '%s', not seconds since 1970", epoch);
	*ret_unix_s = seconds;
	return 1;
}
