/* SPDX-License-Identifier: Apache-2.0 */
/* --trace-pipe: shows the output of bpf_printk() as messages. */
#ifndef BOMBUS_CMD_RUN_PRINTS_H
#define BOMBUS_CMD_RUN_PRINTS_H

struct err;
struct loop;
struct trace_pipe;

/* Call it before privileges are given up, and trace_pipe_free() after the loop has ended. */
int prints_open(struct trace_pipe **ret, struct loop *loop, struct err *err);

#endif
