"""Who answers a message, and what an interaction sets off."""
