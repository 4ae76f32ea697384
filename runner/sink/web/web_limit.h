/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many wrong passwords an address may try: ten at once, then one in two seconds. An IPv6
 * address counts by its network of 64 bits. Bounded: of many addresses those are forgotten that
 * tried least. Pure but for its table; one thread.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_WEB_LIMIT_H
#define BOMBUS_RUNNER_SINK_WEB_WEB_LIMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define WEB_LIMIT_TRIES 10
#define WEB_LIMIT_NS 2000000000ull /* until there is one more */

struct web_limit;
struct web_limit *web_limit_new(void);
void web_limit_free(struct web_limit *limit);

/* Before a try. False: there were too many. An address of another family is never limited. */
bool web_limit_take(struct web_limit *limit, const struct sockaddr *from, uint64_t now_ns);
/* The password was right. */
void web_limit_give_back(struct web_limit *limit, const struct sockaddr *from);

#endif
