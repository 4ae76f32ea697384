/* SPDX-License-Identifier: Apache-2.0 */
/* --trace-pipe: what programs print with bpf_printk(), as messages. */
#ifndef BOMBUS_CMD_RUN_PRINTS_H
#define BOMBUS_CMD_RUN_PRINTS_H

struct err;
struct loop;
struct trace_pipe;

/* Before privileges go; trace_pipe_free() after the loop has ended. */
int prints_open(struct trace_pipe **ret, struct loop *loop, struct err *err);

#endif
