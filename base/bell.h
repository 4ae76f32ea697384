/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor that one thread rings and another waits for with poll(): an eventfd. It is readable
 * from the first ring until it is answered, however often it was rung.
 */
#ifndef BOMBUS_BASE_BELL_H
#define BOMBUS_BASE_BELL_H

#include <stdbool.h>

/* The caller closes it. -errno: the system has no more descriptors. */
int bell_new(void);
/* Any thread; nothing for a descriptor below 0. */
void bell_ring(int fd);
/* Whether it was rung since the last time. */
bool bell_answer(int fd);

#endif
