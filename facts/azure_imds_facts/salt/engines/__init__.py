# SPDX-License-Identifier: Apache-2.0
"""Where Salt's loader looks for modules of this kind on the master."""
