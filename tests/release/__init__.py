# SPDX-License-Identifier: Apache-2.0
"""What makes a release: its checks, its workflows, its bill of materials."""
