// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/dogstatsd/dogstatsd_packet.h"

#include "base/util.h"
#include "runner/sink/deltas.h"

#define FIRST_MARKS 64u

struct dogstatsd_packet {
	struct dogstatsd_socket *socket;
	struct dogstatsd_counts *counts;
	size_t max, len;
	struct dogstatsd_mark *marks; /* of the lines in it, bounded by its size */
	uint32_t nmarks, room;
	uint64_t nlines;
	char bytes[];
};

struct dogstatsd_packet *dogstatsd_packet_new(struct dogstatsd_socket *socket, size_t max_bytes,
					      struct dogstatsd_counts *counts)
{
	struct dogstatsd_packet *packet = xcalloc(1, sizeof(*packet) + max_bytes);

	packet->socket = socket;
	packet->counts = counts;
	packet->max = max_bytes;
	return packet;
}

void dogstatsd_packet_free(struct dogstatsd_packet *packet)
{
	if (!packet)
		return;
	free(packet->marks);
	free(packet);
}

static void count(uint64_t *counter, uint64_t more)
{
	__atomic_fetch_add(counter, more, __ATOMIC_RELAXED);
}

static void tell(const struct dogstatsd_mark *mark)
{
	bool known;
	union cell *cell = (union cell *)deltas_of(mark->told, mark->id, &known) + mark->cell;

	if (mark->type == CELL_DOUBLE)
		cell->d += mark->delta.d;
	else
		cell->u += mark->delta.u;
}

void dogstatsd_packet_flush(struct dogstatsd_packet *packet)
{
	enum dogstatsd_drop drop;

	if (!packet->nlines)
		return;
	if (dogstatsd_socket_send(packet->socket, packet->bytes, packet->len, &drop) < 0) {
		count(&packet->counts->dropped[drop], packet->nlines);
	} else {
		count(&packet->counts->lines, packet->nlines);
		count(&packet->counts->packets, 1);
		count(&packet->counts->bytes, packet->len);
		for (uint32_t i = 0; i < packet->nmarks; i++)
			tell(&packet->marks[i]);
	}
	packet->len = packet->nmarks = 0;
	packet->nlines = 0;
}

static void add_mark(struct dogstatsd_packet *packet, const struct dogstatsd_mark *mark)
{
	if (packet->nmarks == packet->room) {
		packet->room = MAX(2 * packet->room, FIRST_MARKS);
		packet->marks = xreallocarray(packet->marks, packet->room, sizeof(*packet->marks));
	}
	packet->marks[packet->nmarks++] = *mark;
}

void dogstatsd_packet_add(struct dogstatsd_packet *packet, const char *line, size_t len,
			  const struct dogstatsd_mark *mark)
{
	if (len > packet->max) {
		count(&packet->counts->dropped[DOGSTATSD_TOO_LARGE], 1);
		return;
	}
	if (packet->len && packet->len + 1 + len > packet->max)
		dogstatsd_packet_flush(packet);
	if (packet->len)
		packet->bytes[packet->len++] = '\n';
	memcpy(packet->bytes + packet->len, line, len);
	packet->len += len;
	packet->nlines++;
	if (mark->told)
		add_mark(packet, mark);
}

struct dogstatsd_counts dogstatsd_counts_read(const struct dogstatsd_counts *counts)
{
	struct dogstatsd_counts copy = {
		.lines = __atomic_load_n(&counts->lines, __ATOMIC_RELAXED),
		.packets = __atomic_load_n(&counts->packets, __ATOMIC_RELAXED),
		.bytes = __atomic_load_n(&counts->bytes, __ATOMIC_RELAXED),
	};

	for (int i = 0; i < DOGSTATSD_DROPS; i++)
		copy.dropped[i] = __atomic_load_n(&counts->dropped[i], __ATOMIC_RELAXED);
	return copy;
}
