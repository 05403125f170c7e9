# SPDX-License-Identifier: Apache-2.0
"""What the facts of a known machine are, by name and value."""
