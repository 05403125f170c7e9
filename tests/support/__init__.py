# SPDX-License-Identifier: Apache-2.0
"""What the unit tests share: a clock that does not wait, transports and servers with a script, example documents."""
