/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How Inspektor Gadget's programs declare their maps: by the names of variables that are never
 * used (its include/gadget/macros.h):
 *
 *	gadget_tracer_NAME___MAP___STRUCT	records of STRUCT come through MAP
 *	gadget_mapiter_NAME___MAP		MAP is read as a whole, now and then
 *	gadget_param_NAME			the variable NAME is a parameter
 *
 * Newer ones say the last two by tags: "ig:mapiter:NAME___MAP", "ig:param:NAME".
 */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_GADGET_H
#define BOMBUS_RUNNER_LOAD_PLAN_GADGET_H

#include <stdbool.h>
#include <stdint.h>

struct btf;

/* The type of a map's records; 0: nothing says it. */
uint32_t gadget_record_type(const struct btf *btf, const char *map);
bool gadget_is_iterated(const struct btf *btf, const char *map);
bool gadget_is_param(const struct btf *btf, const char *variable);

/* The type of the records that an iterator writes; 0: nothing says. */
uint32_t gadget_iter_type(const struct btf *btf, const char *prog);
/* The map whose entries the iterator walks over; NULL: nothing says. */
const char *gadget_iter_map(const struct btf *btf, const char *prog);

/* The enum field_tag that a typedef gives a member: gadget_counter__u64. */
uint8_t gadget_typedef_tags(const char *name);

#endif
