// SPDX-License-Identifier: Apache-2.0
/* Text of any bytes as a tag's: no character that ends the tag, and the text can be read back. */
#include <stdlib.h>
#include "base/utf8.h"
#include "base/util.h"
#include "runner/sink/dogstatsd/dogstatsd_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned digit(char c)
{
	return c >= 'a' ? (unsigned)(c - 'a') + 10 : (unsigned)(c - '0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT(1u << 24);
	size_t at = 0;
	uint32_t c;

	dogstatsd_escape(&line, (const char *)data, size);
	for (size_t i = 0, n; i < line.len; i += n) {
		n = utf8_decode(line.buf + i, line.len - i, &c);
		if (!n || c < ' ' || c == ',' || c == '|' || (c >= 0x7f && c < 0xa0))
			abort();
	}
	for (size_t i = 0; i < line.len; at++) {
		uint8_t byte = (uint8_t)line.buf[i];

		if (byte == '\\' && i + 3 < line.len && line.buf[i + 1] == 'x') {
			byte = (uint8_t)(16 * digit(line.buf[i + 2]) + digit(line.buf[i + 3]));
			i += 4;
		} else {
			i++;
		}
		if (at >= size || data[at] != byte)
			abort();
	}
	if (at != size)
		abort();
	return 0;
}
