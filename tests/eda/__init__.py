# SPDX-License-Identifier: Apache-2.0
"""The event source, driven as ansible-rulebook drives it."""
