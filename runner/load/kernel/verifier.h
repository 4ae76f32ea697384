/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the verifier's log: text in, text out. Each is fine with an empty log. */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_VERIFIER_H
#define BOMBUS_RUNNER_LOAD_KERNEL_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>

/* The line that says what is wrong: the last one that is neither state, source nor statistics. */
bool verifier_verdict(const char *log, char *line, size_t size);

/* Advice for the author about such a verdict, in one line; NULL: none. */
const char *verifier_advice(const char *verdict);

/* The last lines, statistics left out: as many as are worth a screen. */
void verifier_tail(const char *log, char *text, size_t size);

/* A relocation that this kernel's types cannot satisfy: "struct task_struct.foo". */
bool verifier_core_failure(const char *log, char *line, size_t size);

/* A helper or kernel function that is not there, as a sentence. */
bool verifier_unknown_call(const char *log, char *line, size_t size);

#endif
