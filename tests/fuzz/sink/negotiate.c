// SPDX-License-Identifier: Apache-2.0
/* A scraper's headers, of any bytes: Accept up to the first NUL, Accept-Encoding behind it. */
#include <stdlib.h>
#include "base/util.h"
#include "runner/sink/prometheus/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xcalloc(1, size + 2);
	const char *encoding;
	const struct expo_format *format;

	memcpy(text, data, size);
	encoding = text + strlen(text) + 1;
	format = negotiate_format(text, true);
	if (!format || negotiate_format(text, false)->total_suffix)
		abort();
	/* Who asks for one thing by its name alone gets it. */
	if (streq(text, "application/openmetrics-text") && format != &expo_openmetrics)
		abort();
	if ((size_t)(encoding - text) <= size && negotiate_coding(encoding, false) == PACK_GZIP &&
	    !strcasestr(encoding, "gzip"))
		abort();
	return 0;
}
