# SPDX-License-Identifier: Apache-2.0
"""HTTP: requests and responses, the server, its limits and its fault scripts."""
