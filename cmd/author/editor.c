// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/editor.h"

#include <errno.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/author/compile.h"
#include "cmd/author/headers.h"
#include "cmd/images/files.h"

#define MAX_BYTES 65536

/* A text of YAML. */
static void add_word(struct strbuf *out, const char *option, const char *word)
{
	strbuf_addf(out, "    - '%s", option);
	for (; *word; word++)
		strbuf_addf(out, *word == '\'' ? "''" : "%c", *word);
	strbuf_adds(out, "'\n");
}

static void add_words(struct strbuf *out, const struct platform *platform, const char *own,
		      const char *vmlinux)
{
	_cleanup_free_ char *machine = xasprintf("/usr/include/%s", platform->headers);

	strbuf_adds(out,
		    "# Written by 'bombus init': clangd sees programs as 'bombus build' does.\n"
		    "CompileFlags:\n"
		    "  Add:\n"
		    "    - '--target=bpf'\n");
	add_word(out, "-D__TARGET_ARCH_", platform->target);
	if (own)
		add_word(out, "-I", own);
	add_word(out, "-idirafter", vmlinux);
	if (may_access(machine, F_OK) == 0)
		add_word(out, "-idirafter", machine);
}

int editor_write(const char *source, struct err *err)
{
	const char *slash = strrchr(source, '/');
	_cleanup_free_ char *path =
		xasprintf("%.*s.clangd", slash ? (int)(slash - source) + 1 : 0, source);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(MAX_BYTES);
	_cleanup_(headers_release) struct headers vmlinux = { 0 };
	_cleanup_free_ char *own = headers_own();
	const struct platform *platform;
	int ret;

	if (may_access(path, F_OK) == 0)
		return 1;
	ret = platform_find(NULL, &platform, err);
	if (ret == 0)
		ret = headers_vmlinux(NULL, &vmlinux, err);
	if (ret < 0 || vmlinux.temporary)
		return ret < 0 ? ret : 1;
	add_words(&text, platform, own, vmlinux.dir);
	return file_write(path, text.buf, text.len, false, err);
}
