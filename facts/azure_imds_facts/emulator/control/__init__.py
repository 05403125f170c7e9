# SPDX-License-Identifier: Apache-2.0
"""Control of a running emulator over a Unix socket."""
