/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output of bpf_printk(): lines of the kernel's one trace pipe. Each line goes to
 * one reader, and the programs of other processes print there as well.
 */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_TRACE_PIPE_H
#define BOMBUS_RUNNER_LOAD_KERNEL_TRACE_PIPE_H

struct err;
struct trace_pipe;

int trace_pipe_open(struct trace_pipe **ret, struct err *err);
void trace_pipe_free(struct trace_pipe *pipe);
/* Readable when there is something. */
int trace_pipe_fd(const struct trace_pipe *pipe);
/* Hands over each whole line that is there, without its end, as "NAME-PID: TEXT". */
void trace_pipe_read(struct trace_pipe *pipe, void (*line)(void *ctx, const char *text), void *ctx);

#endif
