# SPDX-License-Identifier: Apache-2.0
"""Beacons, loaded by Salt file by file."""
