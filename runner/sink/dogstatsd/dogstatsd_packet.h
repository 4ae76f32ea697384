/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines, packed into datagrams, and what became of them. A line that adds to a counter has a mark:
 * the number that the receiver was told grows when the line is sent, and not before. What could
 * not be sent is therefore told later, with what came since.
 *
 * The counts may be read by any thread; all else belongs to one.
 */
#ifndef BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_PACKET_H
#define BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_PACKET_H

#include "runner/read/series/metric.h"
#include "runner/sink/dogstatsd/dogstatsd_socket.h"

struct deltas;
struct dogstatsd_packet;

struct dogstatsd_counts {
	uint64_t lines, packets, bytes;	   /* sent */
	uint64_t dropped[DOGSTATSD_DROPS]; /* lines */
};

/* Number `cell` of the series `id` in the table grows by `delta`. Table NULL: nothing to mark. */
struct dogstatsd_mark {
	struct deltas *told;
	uint64_t id;
	uint32_t cell;
	enum cell_type type;
	union cell delta;
};

/* `socket` and `counts` are borrowed. */
struct dogstatsd_packet *dogstatsd_packet_new(struct dogstatsd_socket *socket, size_t max_bytes,
					      struct dogstatsd_counts *counts);
void dogstatsd_packet_free(struct dogstatsd_packet *packet);

void dogstatsd_packet_add(struct dogstatsd_packet *packet, const char *line, size_t len,
			  const struct dogstatsd_mark *mark);
/* Sends what is left. No mark is open afterwards. */
void dogstatsd_packet_flush(struct dogstatsd_packet *packet);

struct dogstatsd_counts dogstatsd_counts_read(const struct dogstatsd_counts *counts);

#endif
