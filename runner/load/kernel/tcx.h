/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_TCX_H
#define BOMBUS_RUNNER_LOAD_KERNEL_TCX_H

#include <stdbool.h>

/* A descriptor of a tcx link, or -errno; -EINVAL on kernels before 6.6. */
int tcx_link_create(int prog_fd, unsigned ifindex, bool egress);

#endif
