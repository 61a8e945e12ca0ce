"""Evidence that leaves the house: a WACZ file that anybody can replay, and check without us."""
