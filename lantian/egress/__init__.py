"""What may be connected to: one deny list, one resolver, one loopback proxy, one way to mail."""
