# SPDX-License-Identifier: Apache-2.0
"""Real tools on this machine's loopback, for the demonstration and for the end-to-end tests."""
