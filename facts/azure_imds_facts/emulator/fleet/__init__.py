# SPDX-License-Identifier: Apache-2.0
"""Fleets: many machines in one process, each at an address or a port of its own."""
