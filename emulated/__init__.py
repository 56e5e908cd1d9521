"""The deployed shape on one machine: emulators, wire-level vendors, one process per function."""
