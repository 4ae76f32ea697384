// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/compiler.h"

#include <errno.h>
#include <pwd.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/author/compile.h"
#include "cmd/author/watched.h"
#include "oci/image.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/sandbox/helper.h"
#include "runner/load/sandbox/packet.h"
#include "runner/load/sandbox/privileges.h"

#define OWN_RIGHTS (CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FOWNER))
#define MAX_TEXT_BYTES (4u << 20)
#define MAX_ANSWER_BYTES (IMAGE_MAX_PROGRAM_BYTES + MAX_TEXT_BYTES + (1u << 20))

struct compiler {
	struct helper helper;
	const char *source;
	struct words cflags;
	bool color, watch;
};

/* The head of the file that the helper sends; the object and `said` follow it. */
struct answer {
	int32_t code;
	uint64_t object_bytes, said_bytes, start_ns;
	struct err err;
};

void compiled_release(struct compiled *c)
{
	free(c->bytes);
	free(c->said);
	*c = (struct compiled){ 0 };
}

/* ---- the helper ---- */

static void compile(const struct compiler *c, struct strbuf *answer, struct strbuf *files)
{
	_cleanup_strbuf_ struct strbuf said = STRBUF_INIT(MAX_TEXT_BYTES);
	_cleanup_free_ void *object = NULL;
	struct compile_opts opts = {
		.cflags = c->cflags, .color = c->color, .said = &said, .files = files, .fast = true
	};
	struct answer head = { .start_ns = now_mono_ns() };
	size_t len = 0;

	head.code = platform_find(NULL, &opts.platform, &head.err);
	if (head.code == 0)
		head.code = compile_program(c->source, &opts, &object, &len, &head.err);
	head.object_bytes = head.code < 0 ? 0 : len;
	head.said_bytes = said.len;
	strbuf_add(answer, &head, sizeof(head));
	strbuf_add(answer, object, head.object_bytes);
	strbuf_add(answer, strbuf_str(&said), said.len);
}

static int compile_and_send(const struct compiler *c, int fd, struct watched *watched)
{
	_cleanup_strbuf_ struct strbuf answer = STRBUF_INIT(MAX_ANSWER_BYTES);
	_cleanup_strbuf_ struct strbuf files = STRBUF_INIT(MAX_TEXT_BYTES);
	_cleanup_close_ int file = -1;

	/* What is saved while clang runs counts as the next version. */
	if (c->watch && !watched->count)
		watched_set(watched, c->source);
	compile(c, &answer, &files);
	if (c->watch)
		watched_set(watched, strbuf_str(&files));
	file = packet_file(strbuf_str(&answer), answer.len);
	return packet_send(fd, "", 1, &file, file >= 0);
}

/* The cache of vmlinux.h is the caller's as well. */
static void become_caller(void)
{
	struct sandbox_user caller;
	const struct passwd *entry;

	if (!sandbox_user_caller(&caller)) {
		privileges_become(NULL, OWN_RIGHTS);
		return;
	}
	entry = getpwuid(caller.uid);
	if (entry)
		setenv("HOME", entry->pw_dir, true);
	privileges_become(&caller, 0);
}

static void compiler_main(int fd, void *ctx)
{
	const struct compiler *c = ctx;
	struct watched watched = { 0 };
	size_t nfds;
	char byte;

	become_caller();
	while (watched_wait(&watched, fd) > 0 || packet_receive(fd, &byte, 1, NULL, 0, &nfds) > 0)
		if (compile_and_send(c, fd, &watched) < 0)
			break;
	watched_release(&watched);
}

/* ---- this process ---- */

int compiler_start(struct compiler **ret, const char *source, const struct words *cflags,
		   bool color, bool watch, struct err *err)
{
	struct compiler *c = xcalloc(1, sizeof(*c));
	int code;

	*c = (struct compiler){
		.helper = HELPER_INIT, .source = source, .color = color, .watch = watch
	};
	if (cflags)
		c->cflags = *cflags;
	code = helper_start(&c->helper, "bombus-compiler", compiler_main, c, -1);
	if (code < 0) {
		free(c);
		return err_sys(err, -code, "cannot start a helper process");
	}
	*ret = c;
	return 0;
}

void compiler_free(struct compiler *c)
{
	if (c)
		helper_stop(&c->helper);
	free(c);
}

int compiler_fd(const struct compiler *c)
{
	return c->helper.fd;
}

static int no_helper(const struct compiler *c, int code, struct err *err)
{
	return err_sys(err, code, "cannot compile %s: the helper process", c->source);
}

int compiler_ask(struct compiler *c, struct err *err)
{
	int code = packet_send(c->helper.fd, "", 1, NULL, 0);

	return code < 0 ? no_helper(c, -code, err) : 0;
}

static int read_answer(const char *bytes, size_t len, struct compiled *ret, struct err *err)
{
	struct answer head;

	if (len < sizeof(head))
		return -EPROTO;
	memcpy(&head, bytes, sizeof(head));
	bytes += sizeof(head);
	len -= sizeof(head);
	if (head.object_bytes > len || head.said_bytes != len - head.object_bytes)
		return -EPROTO;
	ret->len = head.object_bytes;
	ret->start_ns = head.start_ns;
	if (head.object_bytes) {
		ret->bytes = xmalloc(head.object_bytes);
		memcpy(ret->bytes, bytes, head.object_bytes);
	}
	bytes += head.object_bytes;
	ret->said = xstrndup(bytes, head.said_bytes);
	if (head.code < 0 && err)
		*err = head.err;
	return head.code;
}

int compiler_take(struct compiler *c, struct compiled *ret, struct err *err)
{
	_cleanup_close_ int file = -1;
	size_t nfds = 0, len;
	void *bytes;
	char byte;
	int code = packet_receive(c->helper.fd, &byte, 1, &file, 1, &nfds);

	*ret = (struct compiled){ 0 };
	if (code <= 0 || nfds != 1)
		return no_helper(c, code < 0 ? -code : EPIPE, err);
	code = packet_map(file, MAX_ANSWER_BYTES, &bytes, &len);
	if (code < 0)
		return no_helper(c, -code, err);
	code = read_answer(bytes, len, ret, err);
	munmap(bytes, len);
	return code == -EPROTO ? no_helper(c, EPROTO, err) : code;
}
