/* SPDX-License-Identifier: Apache-2.0 */
/* Hints for what clang refuses: the line to write, or the package to install. */
#ifndef BOMBUS_CMD_AUTHOR_REFUSAL_H
#define BOMBUS_CMD_AUTHOR_REFUSAL_H

struct compile_opts;
struct err;

/* `said` are clang's messages; vmlinux_err says why vmlinux.h could not be made. */
void refusal_explain(const char *said, const struct compile_opts *opts,
		     const struct err *vmlinux_err, struct err *err);

#endif
