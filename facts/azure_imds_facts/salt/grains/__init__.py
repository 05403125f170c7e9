# SPDX-License-Identifier: Apache-2.0
"""Grains, loaded by Salt file by file."""
