# SPDX-License-Identifier: Apache-2.0
"""Salt's side of azure-imds-facts. Salt's loader finds `grains` and `modules` through the `salt.loader` entry point."""
