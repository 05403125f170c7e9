# SPDX-License-Identifier: Apache-2.0
"""The emulated VM: its profile, document, tags, identities, load balancer and scheduled events."""
