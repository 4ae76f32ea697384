// SPDX-License-Identifier: Apache-2.0
#include "runner/load/kernel/caps.h"

#include <stdio.h>

#include "base/util.h"
#include "runner/load/kernel/machine.h"
#include "runner/load/plan/hook.h"

static const struct {
	uint8_t cap;
	const char *name;
} names[] = {
	{ CAP_BPF, "CAP_BPF" },
	{ CAP_PERFMON, "CAP_PERFMON" },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },
	{ CAP_NET_RAW, "CAP_NET_RAW" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH" },
	{ CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE" },
	{ CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE" },
	{ CAP_SYSLOG, "CAP_SYSLOG" },
	{ CAP_SYS_NICE, "CAP_SYS_NICE" },
};

void caps_text(uint64_t set, char *text, size_t size)
{
	size_t len = 0;

	if (size)
		text[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names) && len < size; i++) {
		uint64_t bit = CAP_BIT(names[i].cap);

		if (!(set & bit))
			continue;
		set &= ~bit;
		len += (size_t)snprintf(text + len, size - len, "%s%s",
					!len  ? ""
					: set ? ", "
					      : " and ",
					names[i].name);
	}
}

uint64_t caps_of_hook(uint8_t hook)
{
	switch (hook) {
	case HOOK_XDP:
	case HOOK_TC:
	case HOOK_CGROUP:
	case HOOK_NETNS:
		return CAP_BIT(CAP_BPF) | CAP_BIT(CAP_NET_ADMIN);
	case HOOK_SOCKET:
		return CAP_BIT(CAP_BPF) | CAP_BIT(CAP_NET_RAW);
	default:
		return CAP_BIT(CAP_BPF) | CAP_BIT(CAP_PERFMON);
	}
}

uint64_t caps_lacking(uint64_t set)
{
	uint64_t have = effective_caps();

	if (have & CAP_BIT(CAP_SYS_ADMIN))
		have |= CAP_BIT(CAP_BPF) | CAP_BIT(CAP_PERFMON);
	return set & ~have;
}

uint64_t caps_refused(uint8_t hook)
{
	uint64_t lacking = caps_lacking(caps_of_hook(hook));

	/* Linux 6.16 and kernels with its mend ask for more than CAP_PERFMON here. */
	if (!lacking && (hook == HOOK_UPROBE || hook == HOOK_USDT))
		lacking = caps_lacking(CAP_BIT(CAP_SYS_ADMIN));
	return lacking;
}
