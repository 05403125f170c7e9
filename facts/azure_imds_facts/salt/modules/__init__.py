# SPDX-License-Identifier: Apache-2.0
"""Execution modules, loaded by Salt file by file."""
