# SPDX-License-Identifier: Apache-2.0
"""The endpoints of IMDS, and the router in front of them."""
