/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as the configuration wants them: log_level and log_format. */
#ifndef BOMBUS_CMD_AGENT_AGENT_LOG_H
#define BOMBUS_CMD_AGENT_AGENT_LOG_H

struct agent_config;
void agent_log_use(const struct agent_config *config);

#endif
