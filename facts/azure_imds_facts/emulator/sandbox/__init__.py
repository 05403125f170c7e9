# SPDX-License-Identifier: Apache-2.0
"""Namespaces in which a command finds the emulator at the real address."""
