#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pure cgroups of version 2, and flavours of programs for this kernel.
exec bash "$(dirname "$0")/../kernel/aim.sh"
