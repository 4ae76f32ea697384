#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What runs on the host runs on this kernel too.
exec bash "$(dirname "$0")/../kernel/programs_calls.sh"
