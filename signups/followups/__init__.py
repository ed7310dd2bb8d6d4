"""Follow-ups: what a member of staff is to do about a lead, and when."""
